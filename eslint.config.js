import eslint from '@eslint/js';
import graphql from '@graphql-eslint/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const SCHEMA = 'schema.graphql';

export default defineConfig(
  { ignores: ['dist/', 'data/', 'src/graphql/generated.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{js,mjs,cjs,jsx,ts}'],
    extends: [eslint.configs.recommended],
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Export by name, so that one thing has one name everywhere.' },
        { selector: 'ExportAllDeclaration', message: 'Import from the file that defines it: no barrels.' },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // An async function without `await` is how an in-memory twin keeps its contract.
      '@typescript-eslint/require-await': 'off',
      // What a row of SQL holds is known from the statement; the assertion says it where the builder would guess.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // Objects here are made by functions, and their methods know no `this`.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // A test reads answers of unknown shape, and says by its expectations what they are.
    files: ['test/**/*.ts'],
    rules: Object.fromEntries(
      ['argument', 'assignment', 'call', 'member-access', 'return'].map((use) => [
        `@typescript-eslint/no-unsafe-${use}`,
        'off',
      ]),
    ),
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Random ids and jitter are handed in, like the time, so that a test can choose them.
    files: ['src/{domain,connectors,outbound,inventory,sync,redis,store,graphql}/**/*.ts'],
    ignores: ['src/domain/clock.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' },
        { object: 'Math', property: 'random', message: 'Randomness is handed in.' },
        { object: 'Date', property: 'now', message: 'Take the time from the Clock that is handed in.' },
      ],
    },
  },
  {
    // The command line speaks to a person.
    files: ['src/main.ts', 'src/*.mjs', 'test/*.mjs'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.{mjs,cjs,js}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        module: 'writable',
      },
    },
  },
  {
    files: ['src/ide/*.jsx'],
    languageOptions: {
      parserOptions: { ecmaFeatures: { jsx: true } },
      globals: { document: 'readonly', window: 'readonly', URL: 'readonly' },
    },
    // ESLint does not see that JSX uses what it names.
    rules: { 'no-unused-vars': ['error', { varsIgnorePattern: '^[A-Z]' }] },
  },
  {
    // What reads or is described by these files asks for a default export.
    files: ['eslint.config.js', '**/*.config.{mjs,ts}', '**/*.d.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: [SCHEMA],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: SCHEMA } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      '@graphql-eslint/require-description': [
        'error',
        { types: true, rootField: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true },
      ],
      // Types carry a paragraph, fields a line.
      '@graphql-eslint/description-style': 'off',
      // `partNumber` is one word of the trade.
      '@graphql-eslint/no-typename-prefix': 'off',
      // Only what has an identity of its own has an id.
      '@graphql-eslint/strict-id-in-types': 'off',
      '@graphql-eslint/relay-page-info': 'error',
      '@graphql-eslint/relay-connection-types': 'error',
      '@graphql-eslint/require-nullable-fields-with-oneof': 'error',
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
    },
  },
);
