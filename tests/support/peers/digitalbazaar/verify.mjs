// Reads {did, credentials}; writes for each credential null, or why it fails.
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {documentLoader, input} from './common.mjs';

const suite = [
  new DataIntegrityProof({cryptosuite: rdfc}),
  new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}),
];
const answers = [];
for(const credential of input.credentials) {
  const found = await vc.verifyCredential({
    credential, suite, documentLoader, checkStatus: async () => ({verified: true}),
  });
  answers.push(found.verified ? null :
    String(found.error?.errors?.[0]?.message ?? found.error?.message ?? 'refused'));
}
console.log(JSON.stringify(answers));
