"""The answers over HTTP: thin routes that read, ask the fab and answer; keys, scopes and shapes."""
