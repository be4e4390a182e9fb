// Reads {did, tokens}; writes for each token {header, claims}, or why it fails.
import fs from 'fs';
import {compactVerify, importJWK} from 'jose';

const input = JSON.parse(fs.readFileSync(0, 'utf8'));
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

// W3C Multikey: base 58, and two bytes that say "Ed25519".
function jwkOf(method) {
  if(method.publicKeyJwk) {
    return method.publicKeyJwk;
  }
  let number = 0n;
  for(const letter of method.publicKeyMultibase.slice(1)) {
    number = number * 58n + BigInt(ALPHABET.indexOf(letter));
  }
  const bytes = Buffer.from(number.toString(16).padStart(68, '0'), 'hex');
  return {kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(2).toString('base64url')};
}

const answers = [];
for(const token of input.tokens) {
  try {
    const {payload, protectedHeader} = await compactVerify(token, async header => {
      const id = input.did.assertionMethod.find(id => id === header.kid);
      const method = input.did.verificationMethod.find(method => method.id === id);
      return importJWK(jwkOf(method), header.alg);
    });
    const claims = JSON.parse(new TextDecoder().decode(payload));
    answers.push({header: protectedHeader, claims});
  } catch(error) {
    answers.push(error.code ?? error.message);
  }
}
console.log(JSON.stringify(answers));
