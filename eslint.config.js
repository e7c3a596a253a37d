import js from "@eslint/js";

const browser = Object.fromEntries(
  [
    ...[
      "atob",
      "clearTimeout",
      "document",
      "getSelection",
      "history",
      "location",
      "navigator",
      "performance",
      "requestAnimationFrame",
      "setTimeout",
    ],
    ...["TextDecoder", "TextEncoder", "WebAssembly", "DESCRIPTION", "KERNEL", "WEIGHTS"],
  ].map((name) => [name, "readonly"]),
);

const node = Object.fromEntries(["console", "process"].map((name) => [name, "readonly"]));

export default [
  js.configs.recommended,
  { files: ["charrnn/pages/**/*.js"], languageOptions: { globals: browser } },
  { files: ["docs/*.mjs"], languageOptions: { globals: node } },
];
