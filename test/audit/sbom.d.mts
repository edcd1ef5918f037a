export function billOfMaterials(manifest: object, sha256: string): string;
