import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PROJECT } from './prepare.mjs';

/** Rounds off what the compiler put into dist/: adds the files it leaves out, removes what has no source any longer. */
const DIST = join(PROJECT, 'dist');
const COMPILED = ['src', 'migrations', 'test'];
const ASSET = /[.](lua|sql|json|html|css|svg)$/;
const PRODUCT = /[.]js([.]map)?$/;

for (const file of filesBelow(join(PROJECT, 'src'))) {
  const inProject = relative(PROJECT, file);
  if (ASSET.test(file) && !inProject.startsWith(join('src', 'ide'))) cpSync(file, join(DIST, inProject));
}
cpSync(join(PROJECT, 'schema.graphql'), join(DIST, 'schema.graphql'));

// A migration or module that was renamed must not run under its old name too.
for (const file of COMPILED.flatMap((folder) => filesBelow(join(DIST, folder)))) {
  const source = join(PROJECT, relative(DIST, file));
  const isKept = PRODUCT.test(file) ? existsSync(source.replace(PRODUCT, '.ts')) : existsSync(source);
  // Tests run from their sources; here they would be found a second time.
  if (!isKept || /[.]test[.]js([.]map)?$/.test(file)) rmSync(file);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
