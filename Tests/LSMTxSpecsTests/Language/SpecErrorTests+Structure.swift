extension SpecErrorTests {
    /// Headers, setups, schedules and the steps in them.
    static let structure: [Case] = [
        Case(
            #"""

            """#,
            #"""
            1:1+1|no spec|"spec" and its name in quotes|-
            """#),
        Case(
            #"""
            setup
              put a 1
            """#,
            #"""
            1:1+5|"setup"|"spec" and its name in quotes first|-
            """#),
        Case(
            #"""
            sepc "a"
            """#,
            #"""
            1:1+4|"sepc"|"spec" and its name in quotes first|did you mean "spec"?
            """#),
        Case(
            #"""
            spec a
            """#,
            #"""
            1:6+1|"a"|the spec's name in quotes|put it in quotes: "a"
            """#),
        Case(
            #"""
            spec "a"
            spec "b"
            """#,
            #"""
            2:1+4|"spec"|one spec in a file|-
            """#),
        Case(
            #"""
            spec "\xff"
            """#,
            #"""
            1:6+6|"\xff"|UTF-8|-
            """#),
        Case(
            #"""
            spec "a" b
            """#,
            #"""
            1:10+1|"b"|the end of the line|keys and values with blanks are put in quotes
            """#),
        Case(
            #"""
            spec "a
            """#,
            #"""
            1:6+2|a string without an end|a quote before the line's end|-
            """#),
        Case(
            #"""
            spec "a\q"
            """#,
            #"""
            1:8+2|the escape \q|\xNN, \", \\, \n or \t|-
            """#),
        Case(
            #"""
            spec "a\x1"
            """#,
            #"""
            1:8+2|\x without a number|two hexadecimal digits after it|-
            """#),
        Case(
            #"""
            spec "a"
            see "x\
            """#,
            #"""
            2:7+1|a lone backslash|\xNN, \", \\, \n or \t|-
            """#),
        Case(
            #"""
            spec "a"
            anomly G0
            """#,
            #"""
            2:1+6|"anomly"|anomaly, see, levels, retention, setup, schedule or session|did you mean "anomaly"?
            """#),
        Case(
            #"""
            spec "a"
            anomaly G0
            anomaly G1
            """#,
            #"""
            3:1+7|"anomaly" again|it once|-
            """#),
        Case(
            #"""
            spec "a"
            levels si srr
            """#,
            #"""
            2:11+3|"srr"|a level: rc, si or ser|did you mean "ser"?
            """#),
        Case(
            #"""
            spec "a"
            levels si si
            """#,
            #"""
            2:11+2|"si"|each level once|-
            """#),
        Case(
            #"""
            spec "a"
            levels
            """#,
            #"""
            2:7+1|the end of the line|a level: rc, si or ser|-
            """#),
        Case(
            #"""
            spec "a"
            retention x
            """#,
            #"""
            2:11+1|"x"|the number of commits that stay readable|-
            """#),
        Case(
            #"""
            spec "a"
            setup
              putt a 1
            """#,
            #"""
            3:3+4|"putt"|put, del or del-range, or a schedule|did you mean "put"?
            """#),
        Case(
            #"""
            spec "a"
            setup
              put a
            """#,
            #"""
            3:8+1|the end of the line|a value|-
            """#),
        Case(
            #"""
            spec "a"
            setup
              put a $x
            """#,
            #"""
            3:9+2|"$x"|a variable that an earlier step has bound with "as x"|-
            """#),
        Case(
            #"""
            spec "a"
            setup
            setup
            """#,
            #"""
            3:1+5|"setup"|the setup once, before the schedules|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
            levels si
            """#,
            #"""
            3:1+6|"levels"|levels right after the spec's name|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
            schedule "s"
            """#,
            #"""
            3:10+3|"s"|a name that no other schedule has|-
            """#),
        Case(
            #"""
            spec "a"
            schedule s
            """#,
            #"""
            2:10+1|"s"|the schedule's name in quotes|put it in quotes: "s"
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1
            """#,
            #"""
            3:5+1|the end of the line|what T1 does: OPS|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 gte x
            """#,
            #"""
            3:6+3|"gte"|what T1 does: OPS|did you mean "get"?
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 flush
            """#,
            #"""
            3:6+5|"flush"|what T1 does: OPS|only db does that
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              verdct ser: none
            """#,
            #"""
            3:3+6|"verdct"|a session and what it does|did you mean "verdict"?
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              commit
            """#,
            #"""
            3:3+6|"commit"|a session's name|a step begins with who does it, as in "T1 commit"
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get
            """#,
            #"""
            3:9+1|the end of the line|a key|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x y
            """#,
            #"""
            3:12+1|"y"|the end of the line|keys and values with blanks are put in quotes
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x -> 
            """#,
            #"""
            3:14+1|the end of the line|what a get can give: a value, none, gone, any, skip or one-of|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x -> ok
            """#,
            #"""
            3:15+2|"ok"|what a get can give: a value, none, gone, any, skip or one-of|put a value of that name in quotes: "ok"
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 commit -> conflit
            """#,
            #"""
            3:16+7|"conflit"|what a commit can give: ok, conflict, unknown, gone, any, skip or one-of|did you mean "conflict"?
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 commit -> [a=1]
            """#,
            #"""
            3:16+1|"["|what a commit can give: ok, conflict, unknown, gone, any, skip or one-of|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 scan a z -> [a=1
            """#,
            #"""
            3:22+1|the end of the line|"," or "]"|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 scan a z -> [a 1]
            """#,
            #"""
            3:21+1|"1"|"=" and the key's value|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 scan a z limt 3
            """#,
            #"""
            3:15+4|"limt"|the end of the line|did you mean "limit"?
            """#),
    ]
}
