import '../../src/cli/node-version.js'
