import { describe } from 'vitest';
import { testTapesOf } from '../support/tape-tests.ts';

describe('tapes of podman-6.1', () => testTapesOf('podman-6.1'));
