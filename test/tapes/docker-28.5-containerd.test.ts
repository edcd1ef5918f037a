import { describe } from 'vitest';
import { testTapesOf } from '../support/tape-tests.ts';

describe('tapes of docker-28.5-containerd', () => testTapesOf('docker-28.5-containerd'));
