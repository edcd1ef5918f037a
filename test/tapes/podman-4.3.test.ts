import { describe } from 'vitest';
import { testTapesOf } from '../support/tape-tests.ts';

describe('tapes of podman-4.3', () => testTapesOf('podman-4.3'));
