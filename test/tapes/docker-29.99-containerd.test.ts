import { describe } from 'vitest';
import { testTapesOf } from '../support/tape-tests.ts';

describe('tapes of docker-29.99-containerd', () => testTapesOf('docker-29.99-containerd'));
