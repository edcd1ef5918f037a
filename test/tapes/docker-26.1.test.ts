import { describe } from 'vitest';
import { testTapesOf } from '../support/tape-tests.ts';

describe('tapes of docker-26.1', () => testTapesOf('docker-26.1'));
