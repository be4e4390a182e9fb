// Reads {did, credentials}; signs each, and writes how long that took.
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {documentLoader, input} from './common.mjs';

const controller = input.did.id;
const pair = await Ed25519Multikey.generate({id: controller + '#key', controller});
const suite = new DataIntegrityProof({signer: pair.signer(), cryptosuite});
const issue = async credentials => {
  for(const credential of credentials) {
    JSON.stringify(await vc.issue({
      credential: structuredClone(credential), suite, documentLoader,
    }));
  }
};
await issue(input.credentials.slice(0, 20));
const start = process.cpuUsage();
await issue(input.credentials);
const {user, system} = process.cpuUsage(start);
console.log(JSON.stringify({seconds: (user + system) / 1e6}));
