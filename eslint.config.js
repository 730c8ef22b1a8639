import tseslint from "typescript-eslint"

export default tseslint.config(
  { ignores: ["dist", "node_modules", "coverage", "bench/.build"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Types tell the truth: values are narrowed or decoded, never asserted.
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // Taking a key out of an object by naming it is how an object is rewritten here.
      "@typescript-eslint/no-unused-vars": [
        "error",
        { ignoreRestSiblings: true, argsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_" }
      ],
      // Services are classes by Effect's convention, failures too; an empty interface there carries a name.
      "@typescript-eslint/no-empty-object-type": "off",
      // Effect.gen needs no yield when it is only an early return.
      "require-yield": "off",
      "no-restricted-imports": [
        "error",
        {
          paths: [
            "effect",
            "@effect/platform",
            "@effect/platform-node",
            "@effect/sql",
            "@effect/sql-sqlite-node",
            "@effect/cli",
            "@effect/experimental"
          ].map((name) => ({ name, message: "Import the module, not the barrel." }))
        }
      ]
    }
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      // V8 keeps a getter of a literal, and all that it sees, until the next full collection (docs/decisions/0007-speed.md).
      "no-restricted-syntax": [
        "error",
        { selector: "ObjectExpression > Property[kind='get']", message: "Use a method: it costs an object nothing." }
      ]
    }
  }
)
