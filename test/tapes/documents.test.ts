import { describe } from 'vitest';
import { testDocumentTapes } from '../support/tape-tests.ts';

describe('tapes by hand, from the documents', testDocumentTapes);
