// Reads proofs of a log (hexadecimal); writes whether each holds, consistency last.
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';

const peer = createRequire(import.meta.url)('@transmute/rfc9162');
const rfc9162 = peer.default || peer;
const told = JSON.parse(readFileSync(0));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const answers = [];
for(const one of told.proofs) {
  const leaf = await rfc9162.leaf(bytes(one.entry));
  answers.push(await rfc9162.verifyInclusionProof(bytes(told.root), leaf, {
    log_id: '', tree_size: told.size, leaf_index: one.index,
    inclusion_path: one.path.map(bytes),
  }));
}
answers.push(await rfc9162.verifyConsistencyProof(
  bytes(told.old_root), bytes(told.root), {
    log_id: '', tree_size_1: told.old, tree_size_2: told.size,
    consistency_path: told.consistency.map(bytes),
  }));
console.log(JSON.stringify(answers));
