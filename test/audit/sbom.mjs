// The software bill of materials, as CycloneDX 1.6 has it. `npm sbom` would write one, too, but with a number that is
// another each time, and with the time.

/** One component, which is longshore itself, and none that it consists of. */
export function billOfMaterials({ name, version, description, license, dependencies = {} }, sha256) {
  if (Object.keys(dependencies).length > 0) throw new Error('there are dependencies, and this writes that there are none');
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
