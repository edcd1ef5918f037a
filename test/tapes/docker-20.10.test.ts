import { describe } from 'vitest';
import { testTapesOf } from '../support/tape-tests.ts';

describe('tapes of docker-20.10', () => testTapesOf('docker-20.10'));
