import { readdirSync } from 'node:fs';

import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import checkFile from 'eslint-plugin-check-file';
import { flatConfigs as importX } from 'eslint-plugin-import-x';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const features = readdirSync('src/features');
const shared = ['api-client', 'components', 'lib'];

/** Imports flow shared → features → app, and one feature never imports another. */
const zones = [
  { target: shared.map((name) => `./src/${name}`), from: ['./src/features', './src/app'] },
  { target: './src/features', from: './src/app' },
  { target: './src/lib', from: ['./src/components', './src/api-client'] },
  ...features.map((name) => ({
    target: `./src/features/${name}`,
    from: './src/features',
    except: [`./${name}`],
  })),
];

export default tseslint.config(
  { ignores: ['dist', 'test-results', 'playwright-report', 'src/api-client/schema.d.ts'] },
  js.configs.recommended,
  tseslint.configs.strict,
  importX.recommended,
  importX.typescript,
  reactHooks.configs.flat['recommended-latest'],
  {
    plugins: { 'check-file': checkFile },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'check-file/filename-naming-convention': ['error', { '**/*.{ts,tsx,js}': 'KEBAB_CASE' }, { ignoreMiddleExtensions: true }],
      'check-file/folder-naming-convention': ['error', { 'src/**/': 'KEBAB_CASE' }],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/order': [
        'error',
        { groups: ['builtin', 'external', 'internal', 'parent', 'sibling'], 'newlines-between': 'always', alphabetize: { order: 'asc' }, pathGroups: [{ pattern: '@/**', group: 'internal' }] },
      ],
      'import-x/no-named-as-default-member': 'off',
      'max-lines': ['error', 300],
      '@typescript-eslint/no-explicit-any': 'error',
      // TanStack Virtual's hook returns functions on purpose; the list is not compiled.
      'react-hooks/incompatible-library': 'off',
    },
  },
  { files: ['public/**'], languageOptions: { globals: { document: 'readonly', localStorage: 'readonly' } } },
  { files: ['scripts/**'], languageOptions: { globals: { URL: 'readonly', console: 'readonly', process: 'readonly' } } },
);
