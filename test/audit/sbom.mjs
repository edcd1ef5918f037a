// Makes the software bill of materials in the format CycloneDX 1.6. `npm sbom` cannot be used: it writes a new serial number
// and the time into every file.

/** A bill with longshore itself and no components. Throws if package.json has dependencies. */
export function billOfMaterials({ name, version, description, license, dependencies = {} }, sha256) {
  if (Object.keys(dependencies).length > 0) throw new Error('there are dependencies, but this bill of materials lists none');
  const purl = `pkg:npm/${name}@${version}`;
  const component = {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    description,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: [{ license: { id: license } }],
    purl,
  };
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component },
    components: [],
    dependencies: [{ ref: purl, dependsOn: [] }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}
