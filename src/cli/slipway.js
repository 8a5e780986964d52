#!/usr/bin/env node
// The entry of the command. Plain JavaScript: see node-version.js.
import './node-version.js'

// Node strips types from our own tree, but refuses to below node_modules: there the built file runs.
const main = import.meta.url.includes('/node_modules/') ? '../../dist/slipway.js' : './main.ts'
await import(main)
