#!/usr/bin/env node
// The entry of the command. Plain JavaScript: see node-version.js.
import './node-version.js'
import module from 'node:module'

// Compiled code is kept in the system's temporary folder: every start after the first is faster.
module.enableCompileCache?.()

// Node strips types from our own tree, but refuses to below node_modules: there the built file runs.
const main = import.meta.url.includes('/node_modules/') ? '../../dist/slipway.js' : './main.ts'
await import(main)
