// Reads {did, lists, credentials, set}. Writes: the length of the first list as it
// is decoded; each credential's status as a verifier finds it, with the list's proof
// checked; and a list of that length with the bits at `set`, as it is encoded.
import fs from 'fs';
import {contexts} from '@digitalbazaar/credentials-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {BitstringStatusList, checkStatus, decodeList} from
  '@digitalbazaar/vc-bitstring-status-list';

const input = JSON.parse(fs.readFileSync(0, 'utf8'));

async function documentLoader(url) {
  const answer = document => ({contextUrl: null, documentUrl: url, document});
  if(contexts.has(url)) {
    return answer(contexts.get(url));
  }
  const list = input.lists.find(list => list.id === url);
  if(list) {
    return answer(list);
  }
  if(url === input.did.id) {
    return answer(input.did);
  }
  const method = input.did.verificationMethod.find(method => method.id === url);
  if(method) {
    return answer({'@context': 'https://w3id.org/security/multikey/v1', ...method});
  }
  throw new Error('not at hand: ' + url);
}

const list = await decodeList(
  {encodedList: input.lists[0].credentialSubject.encodedList});
const suite = new DataIntegrityProof({cryptosuite});
const statuses = [];
for(const credential of input.credentials) {
  const found = await checkStatus({credential, documentLoader, suite});
  statuses.push(found.error ? String(found.error.message) :
    found.results[0].status);
}
const made = new BitstringStatusList({length: list.length});
for(const index of input.set) {
  made.setStatus(index, true);
}
console.log(JSON.stringify(
  {length: list.length, statuses, encoded: await made.encode()}));
