// Makes certificates with openssl, also expired ones: an authority, and certificates that it signs.

import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './programs.ts';

/** The paths of two PEM files. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** The path of its own certificate. */
  readonly ca: string;
  /** A certificate of a server, for one name, or of a client. */
  issue(of: { name: string } | 'client', expired?: 'expired'): Identity;
}

const newKey = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority whose files are in `folder`: `ca.pem` and `ca-key.pem` of another program, or new ones, named `name`. */
export function authority(folder: string, name: string, work: string = folder): Authority {
  const [ca, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')];
  if (!existsSync(ca)) run('openssl', [...newKey, '-x509', '-days', '2', '-subj', `/CN=${name}`, '-keyout', caKey, '-out', ca]);
  return {
    ca,
    issue(of, expired) {
      const at = mkdtempSync(join(work, 'issued-'));
      const [cert, key, request] = [join(at, 'cert.pem'), join(at, 'key.pem'), join(at, 'request.pem')];
      const server = (name: string): [string, string] => [name, `serverAuth\nsubjectAltName = DNS:${name}`];
      const [subject, usage] = of === 'client' ? ['client', 'clientAuth'] : server(of.name);
      writeFileSync(join(at, 'database'), '');
      writeFileSync(join(at, 'configuration'), configuration(at, usage));
      run('openssl', [...newKey, '-subj', `/CN=${subject}`, '-keyout', key, '-out', request]);
      const dates = expired === undefined ? ['-days', '2'] : ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z'];
      const signer = ['-config', join(at, 'configuration'), '-cert', ca, '-keyfile', caKey];
      run('openssl', ['ca', '-batch', '-notext', ...signer, ...dates, '-in', request, '-out', cert]);
      return { cert, key };
    },
  };
}

/** The configuration file that `openssl ca` needs. */
function configuration(folder: string, usage: string): string {
  return `[ca]
default_ca = own
[own]
database = ${join(folder, 'database')}
new_certs_dir = ${folder}
rand_serial = yes
default_md = sha256
policy = subject
x509_extensions = extensions
[subject]
commonName = supplied
[extensions]
extendedKeyUsage = ${usage}
`;
}
