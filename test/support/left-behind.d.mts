export function leaveNothingBehind(): void;
