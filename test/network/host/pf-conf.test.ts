import { describe, expect, test } from 'vitest'
import { missingLines, withAnchors } from '../../../src/network/host/pf-conf.ts'

const calls = `nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"`

const complete = `set keepcounters
${calls}
anchor "org.openstack/*"
`

describe('a pf.conf with the calls of our anchors', () => {
  test.each([
    ['none at all', '', complete],
    ['one without a statement', '# nothing yet\n', `# nothing yet\n${complete}`],
    ['one without an end of its last line', 'pass', `${complete}pass\n`],
    [
      'options, translation and filtering of its own: each line stands before the first of its class',
      `# the office
ext = "em0"
set skip on lo0
table <bad> persist
scrub in all
nat on $ext from 172.16.0.0/12 to any -> ($ext)

block in quick from <bad>
pass all
`,
      `# the office
ext = "em0"
set keepcounters
set skip on lo0
table <bad> persist
scrub in all
${calls}
nat on $ext from 172.16.0.0/12 to any -> ($ext)

anchor "org.openstack/*"
block in quick from <bad>
pass all
`,
    ],
    [
      'no translation: ours stands before filtering',
      'scrub in all\npass in on em0\n',
      `set keepcounters\nscrub in all\n${calls}\nanchor "org.openstack/*"\npass in on em0\n`,
    ],
    [
      'statements on several lines, and an anchor with rules in it',
      'anchor "jails" {\n  rdr-anchor "x/*"\n  pass in\n}\nblock in \\\n  on em0\n',
      `set keepcounters\n${calls}\nanchor "org.openstack/*"\nanchor "jails" {\n  rdr-anchor "x/*"\n  pass in\n}\nblock in \\\n  on em0\n`,
    ],
  ])('%s', (_what, before, after) => {
    expect(withAnchors(before, 'org.openstack')).toBe(after)
    expect(withAnchors(after, 'org.openstack')).toBe(after)
    expect(missingLines(after, 'org.openstack')).toEqual([])
  })

  test('what is there already, in whatever spacing, is not written again', () => {
    const own = 'set   keepcounters # ours\nrdr-anchor  "org.openstack/*"\nanchor "org.openstack/*" all # last\npass\n'
    expect(missingLines(own, 'org.openstack')).toEqual([
      'nat-anchor "org.openstack/*"',
      'binat-anchor "org.openstack/*"',
    ])
  })

  test('what only a comment says, or another anchor, is not there', () => {
    const text = `# anchor "org.openstack/*"\nanchor "org.openstack"\nanchor "a#b" # anchor "org.openstack/*"\n`
    expect(missingLines(text, 'org.openstack')).toContain('anchor "org.openstack/*"')
  })
})
