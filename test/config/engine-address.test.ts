// The forms of DOCKER_HOST. The expected values are what the docker command 28.2 reports that it dials (`docker -H … images`).

import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { crossesNetworkInPlain, parseAddress } from '../../src/config/engine-address.ts';
import type { Address } from '../../src/config/engine-address.ts';

/** The message of what a call throws, which must be a ConfigError. */
function refusal(text: string, source?: string): string {
  try {
    parseAddress(text, source);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('the address of a socket or pipe', () => {
  // address | path | canonical text
  test.each([
    ['unix://', '/var/run/docker.sock', 'unix:///var/run/docker.sock'],
    ['unix:///run/user/1000/podman/podman.sock', '/run/user/1000/podman/podman.sock',
      'unix:///run/user/1000/podman/podman.sock'],
    ['unix:///tmp/a%20b', '/tmp/a%20b', 'unix:///tmp/a%20b'],
    ['unix:///Users/Ann Lee/.docker/run/docker.sock', '/Users/Ann Lee/.docker/run/docker.sock',
      'unix:///Users/Ann Lee/.docker/run/docker.sock'],
    ['npipe://', '//./pipe/docker_engine', 'npipe:////./pipe/docker_engine'],
    ['npipe:////./pipe/docker_engine', '//./pipe/docker_engine', 'npipe:////./pipe/docker_engine'],
    ['npipe://\\\\.\\pipe\\podman-machine', '//./pipe/podman-machine', 'npipe:////./pipe/podman-machine'],
    ['npipe:////server/pipe/docker', '//server/pipe/docker', 'npipe:////server/pipe/docker'],
  ])('%s has the path %s', (text, path, canonical) => {
    expect(parseAddress(text)).toEqual({ scheme: text.split(':')[0], path, text: canonical });
  });

  // covers: fault 3.25.4
  test('has at most 107 bytes of path, counted in bytes and not in characters (unix(7))', () => {
    expect(parseAddress(`unix:///${'ä'.repeat(53)}`)).toMatchObject({ path: `/${'ä'.repeat(53)}` });
    expect(refusal(`unix:///${'ä'.repeat(53)}b`)).toContain('108 bytes');
    expect(refusal(`unix:///${'a'.repeat(107)}`)).toContain('at most 107');
  });
});

describe('the address of a port', () => {
  // address | host | port | base path | canonical text
  test.each([
    ['tcp://', 'localhost', 2375, '', 'tcp://localhost:2375'],
    ['tcp://127.0.0.1', '127.0.0.1', 2375, '', 'tcp://127.0.0.1:2375'],
    ['tcp://:1', 'localhost', 1, '', 'tcp://localhost:1'],
    ['tcp://h:2376', 'h', 2376, '', 'tcp://h:2376'],
    ['tcp://h:65535/', 'h', 65535, '', 'tcp://h:65535'],
    ['tcp://h:1/base', 'h', 1, '/base', 'tcp://h:1/base'],
    ['tcp://h/a/b/', 'h', 2375, '/a/b', 'tcp://h:2375/a/b'],
    ['tcp://127.0.0.1:01', '127.0.0.1', 1, '', 'tcp://127.0.0.1:1'],
    ['tcp://my_service.internal-net:1', 'my_service.internal-net', 1, '', 'tcp://my_service.internal-net:1'],
    ['tcp://[::1]:2376', '::1', 2376, '', 'tcp://[::1]:2376'],
    ['tcp://[::ffff:127.0.0.1]/x', '::ffff:127.0.0.1', 2375, '/x', 'tcp://[::ffff:127.0.0.1]:2375/x'],
    ['localhost:2375', 'localhost', 2375, '', 'tcp://localhost:2375'],
    ['127.0.0.1', '127.0.0.1', 2375, '', 'tcp://127.0.0.1:2375'],
    ['[::1]:1', '::1', 1, '', 'tcp://[::1]:1'],
    [':1', 'localhost', 1, '', 'tcp://localhost:1'],
    ['127.0.0.1:1/base', '127.0.0.1', 1, '/base', 'tcp://127.0.0.1:1/base'],
    ['http://h:1', 'h', 1, '', 'tcp://h:1'],
    ['http://h', 'h', 80, '', 'tcp://h:80'],
    // an empty port is the default one, as the docker command has it
    ['tcp://h:', 'h', 2375, '', 'tcp://h:2375'],
    ['tcp://:', 'localhost', 2375, '', 'tcp://localhost:2375'],
    ['tcp://[::1]:/x', '::1', 2375, '/x', 'tcp://[::1]:2375/x'],
    ['h:', 'h', 2375, '', 'tcp://h:2375'],
    ['http://h:', 'h', 80, '', 'tcp://h:80'],
    // and it cuts off white space around all of it
    [' tcp://h:1', 'h', 1, '', 'tcp://h:1'],
    ['\t h:1 \r\n', 'h', 1, '', 'tcp://h:1'],
    // hosts that are called as a scheme is
    ['unix:2375', 'unix', 2375, '', 'tcp://unix:2375'],
    ['ssh:22/x', 'ssh', 22, '/x', 'tcp://ssh:22/x'],
  ])('%j has host %s and port %i', (text, host, port, basePath, canonical) => {
    expect(parseAddress(text)).toEqual({ scheme: 'tcp', host, port, basePath, tls: false, text: canonical });
  });

  test.each([
    ['https://h:2376', 2376, 'https://h:2376'],
    ['https://h', 443, 'https://h:443'],
  ])('%s asks for TLS', (text, port, canonical) => {
    expect(parseAddress(text)).toEqual({ scheme: 'tcp', host: 'h', port, basePath: '', tls: true, text: canonical });
  });
});

describe('an ssh address', () => {
  // address | user, host, port, path | canonical text
  test.each<[string, (string | number | undefined)[], string]>([
    ['ssh://h', [undefined, 'h', undefined, undefined], 'ssh://h'],
    ['ssh://me@h', ['me', 'h', undefined, undefined], 'ssh://me@h'],
    ['ssh://me@h:22', ['me', 'h', 22, undefined], 'ssh://me@h:22'],
    ['ssh://me@h/', ['me', 'h', undefined, undefined], 'ssh://me@h'],
    ['ssh://me@h:22/run/docker.sock', ['me', 'h', 22, '/run/docker.sock'], 'ssh://me@h:22/run/docker.sock'],
    ['ssh://ann@corp.example@h', ['ann@corp.example', 'h', undefined, undefined], 'ssh://ann@corp.example@h'],
    ['ssh://my_alias', [undefined, 'my_alias', undefined, undefined], 'ssh://my_alias'],
    ['ssh://[::1]:22', [undefined, '::1', 22, undefined], 'ssh://[::1]:22'],
    ['ssh://me@h:', ['me', 'h', undefined, undefined], 'ssh://me@h'],
    [' ssh://h\n', [undefined, 'h', undefined, undefined], 'ssh://h'],
  ])('%s is %j', (text, [user, host, port, path], canonical) => {
    expect(parseAddress(text)).toEqual({ scheme: 'ssh', user, host, port, path, text: canonical });
  });

  test.each([
    ['ssh://h?command=podman%20system%20dial-stdio', ['podman', 'system', 'dial-stdio']],
    ['ssh://h?command=podman+system+dial-stdio', ['podman', 'system', 'dial-stdio']],
    ['ssh://h?command=podman system dial-stdio', ['podman', 'system', 'dial-stdio']],
    ['ssh://me@h:22/?command=/usr/local/bin/docker%20system%20dial-stdio', ['/usr/local/bin/docker', 'system', 'dial-stdio']],
    ['ssh://h?command=sudo%20-n%20socat%20-%20UNIX-CONNECT:/run/x.sock', ['sudo', '-n', 'socat', '-', 'UNIX-CONNECT:/run/x.sock']],
  ])('%s names the command %j', (text, command) => {
    const address = parseAddress(text);
    expect(address).toMatchObject({ scheme: 'ssh', host: 'h', path: undefined, command });
    expect(address.text).toMatch(/\?command=[\w./%:-]+$/);
    expect(parseAddress(address.text)).toEqual(address);
  });

  // covers: fault 3.23
  test.each([
    'ssh://', 'ssh://:22', 'ssh://-oProxyCommand=x', 'ssh://-oX@h', 'ssh://u@-h', 'ssh://u:p@h', 'ssh://u:@h',
    'ssh://h?command=', 'ssh://h?command=%20', 'ssh://h?command=a%20%20b', 'ssh://h?command=-a', 'ssh://h?command=a;b',
    'ssh://h?command=a%3Bb', 'ssh://h?command=$(x)', 'ssh://h?command=%60x%60', "ssh://h?command='x'", 'ssh://h?command=a%0Ab',
    'ssh://h?command=a%7Cb', 'ssh://h?command=a%26b', 'ssh://h?command=a&b', 'ssh://h?command=a&command=b', 'ssh://h?command=a>b',
    'ssh://h?command=a%00', 'ssh://h?command=a%zz', 'ssh://h?command=*', 'ssh://h?command=%7B1,2%7D', 'ssh://h?command=a%5Cb',
    'ssh://h?command=a%22b', 'ssh://h?command=%E2%80%A8', 'ssh://h?command=a#b', 'ssh://h?Command=a', 'ssh://h?x=1', 'ssh://h?x=1&command=a',
    'ssh://h/run/x.sock?command=podman', 'ssh://h?command=~/x', 'ssh://h?command=a%2520b', 'ssh://u:p?command=x@h',
    'ssh://@h', 'ssh://h:0', 'ssh://h:65536', 'ssh://h?x', 'ssh://h#x', 'ssh://h%0a', 'ssh://u%0a@h',
    'ssh://h/a%0ab', 'ssh://h/a b', 'ssh://h/a;touch x', 'ssh://h/$(x)', 'ssh://h/`x`', "ssh://h/'", 'ssh://h/a&b',
    'ssh://h/a|b', 'ssh://h/a\\b', 'ssh://h//a', 'ssh://a b@h', 'ssh://a$b@h',
    'ssh://a;b@h', 'ssh://h;x', 'ssh://h\nx', 'ssh://h\0', 'ssh://h -oX', 'ssh://h\tx', 'ssh://h\u00a0x',
    'ssh://h:22%0a', 'ssh://h:2 2', 'ssh://`x`@h', 'ssh://~@h', 'ssh://a\\b@h', 'ssh://a%r@h', 'ssh://%h', 'ssh://$(x)',
    'ssh://[-oX]', 'ssh://[::1%eth0]', 'ssh://[::1]x', 'ssh://::1', 'ssh://h/-x/%2e', "ssh://h/a'b", 'ssh://h/a"b', 'ssh://h/a\u2028b', 'ssh://h/a*',
    'ssh://h/{a,b}',
  ])('%j is rejected', (text) => {
    expect(() => parseAddress(text)).toThrow(ConfigError);
  });
});

describe('parseAddress rejects', () => {
  // address | what the message tells
  // covers: fault 3.23, fault 3.25.5
  test.each([
    ['', 'is empty'],
    ['ftp://x', 'unknown scheme'],
    ['fd://', 'unknown scheme'],
    ['TCP://127.0.0.1:1', 'unknown scheme: write tcp:// in lower case'],
    ['Unix:///x', 'unknown scheme: write unix:// in lower case'],
    ['  ', 'is empty'],
    ['constructor://x', 'unknown scheme'],
    ['://x', 'unknown scheme'],
    ['http+unix://%2Fx', 'unknown scheme'],
    ['tcp://h:0', 'bad port'],
    ['tcp://h:65536', 'bad port'],
    ['tcp://h:99999999999999999999', 'bad port'],
    ['tcp://h:+1', 'bad port'],
    ['tcp://h:1e3', 'bad port'],
    ['tcp://h: 1', 'bad port'],
    ['tcp://h:http', 'bad port'],
    ['unix:/tmp/x', 'lacks slashes after its scheme: write unix:///path'],
    ['unix:tmp/x', 'lacks slashes after its scheme: write unix:///path'],
    ['unix:', 'lacks slashes'],
    ['npipe:\\\\.\\pipe\\docker_engine', 'lacks slashes after its scheme: write npipe:////./pipe/docker_engine'],
    ['tcp:/h:1', 'lacks the two slashes'],
    ['tcp:h:1', 'lacks the two slashes'],
    ['ssh:me@h', 'lacks the two slashes'],
    ['https:/h', 'lacks the two slashes'],
    ['"unix:///run/x.sock"', 'is in quotes: write it without them'],
    ["'tcp://h:1'", 'is in quotes'],
    ['$HOME/x.sock', 'contains a variable or "~" that is not expanded'],
    ['unix://$XDG_RUNTIME_DIR/x.sock', 'contains a variable or "~" that is not expanded'],
    ['unix://${HOME}/x.sock', 'write the whole path'],
    ['unix://~/x.sock', 'contains a variable or "~" that is not expanded'],
    ['%USERPROFILE%\\x', 'contains a variable or "~" that is not expanded'],
    ['run/docker.sock', 'is a path: write unix:///path'],
    ['http+unix://%2Frun%2Fdocker.sock', 'has an unknown scheme, which only docker-py uses: write unix:///path'],
    ['C:\\ProgramData\\docker.sock', 'is a Windows path: write npipe:////./pipe/docker_engine for the pipe of an engine'],
    ['c:/docker.sock', 'is a Windows path'],
    ['tcp://::1', 'in brackets'],
    ['::1', 'in brackets'],
    ['tcp://[::1', 'in brackets'],
    ['tcp://[::1]x', 'in brackets'],
    ['tcp://[h]:1', 'bad host'],
    ['tcp://[1:2]x:1', 'in brackets'],
    ['tcp://a b:1', 'bad host'],
    ['tcp://-h:1', 'bad host'],
    ['tcp://h..x:1', 'bad host'],
    ['tcp://%31:1', 'bad host'],
    ['tcp://hüt:1', 'bad host'],
    ['tcp://u@h:1', 'user information'],
    ['tcp://@h:1', 'user information'],
    ['tcp://h:1/base?x=1', 'query'],
    ['tcp://h:1#f', 'fragment'],
    ['tcp://h:1//a', 'bad path'],
    ['tcp://h:1/a/../b', 'bad path'],
    ['tcp://h:1/.', 'bad path'],
    ['tcp://h:1/a b', 'bad path'],
    ['tcp://h:1/%2e%2e', 'bad path'],
    ['unix://tmp/x', 'not absolute'],
    ['unix://@abstract', 'not absolute'],
    ['unix:///tmp/x?y#z', 'query'],
    ['/var/run/docker.sock', 'unix:///path'],
    ['~/docker.sock', 'unix:///path'],
    ['\\\\.\\pipe\\docker_engine', 'is a Windows path'],
    ['npipe:////./docker', 'is not a named pipe'],
    ['npipe://x', 'is not a named pipe'],
    ['unix:///x\ny', 'unprintable'],
    ['unix:///x\0y', 'unprintable'],
    ['unix:///x\u202ey', 'unprintable'],
    ['unix:///\ud800', 'unprintable'],
    ['tcp://h:1\r\nX: y', 'unprintable'],
  ])('%j: the text %s', (text, words) => {
    const message = refusal(text);
    expect(message).toContain(words);
    expect(message).toMatch(/^host ".*" [^"]*; supported are /);
    expect(message.endsWith('unix://, tcp://, ssh://, npipe://, http://, https://')).toBe(true);
    expect(message).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]*$/u);
  });

  test.each([undefined, null, 5, {}])('%j, which is not a string', (value) => {
    expect(() => parseAddress(value as never)).toThrow(ConfigError);
  });

  test.each(['a', 'a.', 'a-', '[', ':', '@', '/', 'a@', '::', '\0'])('64 KiB of %j, quickly and with a short message', (part) => {
    const long = part.repeat(65536 / part.length);
    const begin = performance.now();
    for (const scheme of ['', 'unix://', 'tcp://', 'ssh://', 'npipe://', 'https://']) {
      expect(refusal(`${scheme}${long}!`).length).toBeLessThan(1200);
      expect(() => parseAddress(`${scheme}${long.slice(0, 4000)}!`)).toThrow(ConfigError);
    }
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});

describe('the error of an address', () => {
  // covers: fault 3.25.5
  test('names the variable and the value', () => {
    expect(refusal('ftp://x', 'DOCKER_HOST')).toContain('DOCKER_HOST "ftp://x" has an unknown scheme');
  });

  // covers: fault 3.19.6, fault 3.25.5
  test.each([
    'tcp://user:HUNTER2@h:1', 'ssh://user:HUNTER2@h', 'ftp://user:HUNTER2@h', 'user:HUNTER2@h:1',
    'tcp://u:a/HUNTER2@h:1', 'ssh://u:a@HUNTER2@h', 'ssh://u:HUNTER2@h?x', 'https://HUNTER2@h',
    'tcp://u:HUNTER2:@h:x', 'tcp://u:HUNTER2@h', 'x://a://u:HUNTER2@h', 'u:HUNTER2@://', 'u:HUNTER2@h/http://x',
    'u:HUNTER2://x@h', 'tcp:///u:HUNTER2@h', 'https:///u:HUNTER2@h/base', 'tcp://h/u:HUNTER2@x',
  ])('hides the user information of %s', (text) => {
    expect(refusal(text)).not.toContain('HUNTER2');
    expect(refusal(text)).toContain('[redacted]@');
  });

  // A query may be a token, or the end of a password that was not percent-encoded.
  test.each([
    ['tcp://h:1?token=HUNTER2', '"tcp://h:1?[redacted]"'],
    ['tcp://h:1/base#HUNTER2', '"tcp://h:1/base#[redacted]"'],
    ['unix:///x?HUNTER2', '"unix:///x?[redacted]"'],
    ['unix:///x#HUNTER2?y', '"unix:///x#[redacted]"'],
    ['ssh://h?HUNTER2', '"ssh://h?[redacted]"'],
    ['ssh://u:HUNTER2@h?HUNTER2', '"ssh://[redacted]@h?[redacted]"'],
    ['TCP://h?HUNTER2', '"TCP://h?[redacted]"'],
    ['TCP://u:HUNTER2@h', '"[redacted]@h"'],
    ['tcp://u:HUNTER2%40h', '"tcp://[redacted]%40h"'],
    ['tcp:///u:HUNTER2%40h', '"tcp://[redacted]%40h"'],
    ['https:///u:HUNTER2@h', '"https://[redacted]@h"'],
    ['npipe:////./pipe/x?HUNTER2', '"npipe:////./pipe/x?[redacted]"'],
    ['h:1?HUNTER2', '"h:1?[redacted]"'],
    ['tcp://h?mail=HUNTER2@HUNTER2', '"tcp://[redacted]"'],
    ['tcp://u:HUNTER2?HUNTER2@h', '"tcp://[redacted]"'],
    ['tcp://u:HUNTER2#HUNTER2@h:1/?HUNTER2', '"tcp://[redacted]"'],
    ['HUNTER2?@HUNTER2', '"[redacted]"'],
    [' tcp://u:HUNTER2@h?HUNTER2 ', '"tcp://[redacted]@h?[redacted]"'],
  ])('hides query and fragment of %j: %s', (text, shown) => {
    expect(refusal(text)).toContain(`host ${shown} `);
    expect(refusal(text)).not.toContain('HUNTER2');
  });
});

describe('traffic', () => {
  // address | whether it crosses a network unencrypted; the loopback addresses are those of RFC 1122 §3.2.1.3, RFC 4291 §2.5.3
  test.each([
    ['unix:///x', false],
    ['npipe://', false],
    ['ssh://h', false],
    ['https://h', false],
    ['tcp://localhost:1', false],
    ['LOCALHOST', false],
    ['tcp://', false],
    ['tcp://127.0.0.1', false],
    ['127.255.255.254:1', false],
    ['[::1]:1', false],
    ['http://127.0.0.1', false],
    ['tcp://h', true],
    ['http://h', true],
    ['127.0.0.1.example:1', true],
    ['tcp://127.example', true],
    ['localhost.example', true],
    ['tcp://128.0.0.1', true],
    ['tcp://0.0.0.0:1', true],
    ['[::]:1', true],
    ['[::11]:1', true],
    ['[fe80::1]:1', true],
  ])('to %s crosses a network unencrypted: %s', (text, crosses) => {
    expect(crossesNetworkInPlain(parseAddress(text))).toBe(crosses);
  });
});

test('a canonical text reads back as the same address', () => {
  const texts = ['unix://', 'tcp://:1/a/', 'https://[::1]', 'npipe://', 'ssh://a@b@h:022/x', 'h:1'];
  for (const address of texts.map((text): Address => parseAddress(text))) {
    expect(parseAddress(address.text)).toEqual(address);
  }
});
