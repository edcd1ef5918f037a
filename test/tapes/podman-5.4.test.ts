import { describe } from 'vitest';
import { testTapesOf } from '../support/tape-tests.ts';

describe('tapes of podman-5.4', () => testTapesOf('podman-5.4'));
