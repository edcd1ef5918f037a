export interface RecordedEngine {
  readonly host: string;
  remaining(): { readonly method: string; readonly target: string }[];
  stop(): void;
}

export function startRecordedEngine(): Promise<RecordedEngine>;
