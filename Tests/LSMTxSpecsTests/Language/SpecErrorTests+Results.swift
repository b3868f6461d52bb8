extension SpecErrorTests {
    /// Expectations, names, and explorations.
    static let results: [Case] = [
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 scan a z limit 0
            """#,
            #"""
            3:21+1|"0"|the most entries that are wanted, 1 at least|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 scan a z reverse reverse
            """#,
            #"""
            3:23+7|"reverse" again|it once|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 scan a z limit 99999999999999999999
            """#,
            #"""
            3:21+20|"99999999999999999999"|the most entries that are wanted, up to 9223372036854775807|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 commit -> rc si: ok
            """#,
            #"""
            3:25+1|the end of the line|a result for ser too|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 commit -> rc si: ok | si ser: conflict
            """#,
            #"""
            3:28+2|"si"|each level once|-
            """#),
        Case(
            #"""
            spec "a"
            levels si ser
            schedule "s"
              T1 commit -> rc: ok | si ser: conflict
            """#,
            #"""
            4:16+2|"rc"|one of the spec's levels: si, ser|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 commit -> rc sr: ok | ser: conflict
            """#,
            #"""
            3:19+2|"sr"|a level: rc, si or ser|did you mean "si"?
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 commit -> ok | conflict
            """#,
            #"""
            3:16+2|"ok"|a level in front of each of several results|as in "rc si: A | ser: B"
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x -> rc
            """#,
            #"""
            3:15+2|"rc"|a colon after the levels|put a value of that name in quotes
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x -> one-of 1
            """#,
            #"""
            3:23+1|the end of the line|another result, since there are two at least to choose from|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x -> one-of 1 any
            """#,
            #"""
            3:24+3|"any"|what a get can give: a value, none or gone|put a value of that name in quotes
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 put x 1 as y
            """#,
            #"""
            3:14+2|"as"|no variable: the step has no value that could be kept|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x as a+1
            """#,
            #"""
            3:15+3|"a+1"|a name of letters, digits and _|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x as a -> any | skip
            """#,
            #"""
            3:20+3|"any"|a level in front of each of several results|as in "rc si: A | ser: B"
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x as a -> rc: skip | si ser: any
            """#,
            #"""
            3:17+2|"->"|a step that runs at all levels, since it binds a variable|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x as seen -> $seen
              T1 put y $sen+1
            """#,
            #"""
            3:23+5|"$seen"|a variable that an earlier step has bound with "as seen"|-
            4:12+6|"$sen+1"|a variable that an earlier step has bound with "as sen"|did you mean "$seen"?
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 get x as a
            schedule "t"
              T1 put x $a
            """#,
            #"""
            5:12+2|"$a"|a variable that an earlier step has bound with "as a"|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 scan a z as list
              T1 put y $list
              T1 get y -> $list
              T1 scan a z -> $list+1
            """#,
            #"""
            4:12+5|"$list"|a variable that holds a value, not a list|-
            5:15+5|"$list"|what a get can give: a value, none, gone, any, skip or one-of|-
            6:18+7|"$list+1"|no number to add: $list holds a list|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 put x $
            """#,
            #"""
            3:12+1|$ without a name|the name of a variable after it|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 put x $a+b
            """#,
            #"""
            3:12+4|$a+b|a whole number after the sign|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 open cursor a z
              T1 next curser
              T2 next cursor
              T1 commit
              T1 next cursor
            """#,
            #"""
            4:11+6|"curser"|a cursor that T1 has opened|did you mean "cursor"?
            5:11+6|"cursor"|a cursor that T2 has opened|-
            7:11+6|"cursor"|a cursor that T1 has opened|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 savepoint one
              T1 savepoint two
              T1 rollback-to one
              T1 rollback-to two
              T1 release one
              T1 release one
            """#,
            #"""
            6:18+3|"two"|a savepoint of T1's transaction|-
            8:14+3|"one"|a savepoint of T1's transaction|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 open c a z
              db crash
              db reopen
              T1 next c -> gone
              T1 next c
            """#,
            #"""
            7:11+1|"c"|a cursor that T1 has opened|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              db flsh
              db commit
              db failpoint wal.append
              db versions
            """#,
            #"""
            3:6+4|"flsh"|what db does: flush, compact, close, reopen, crash, failpoint, versions|did you mean "flush"?
            4:6+6|"commit"|what db does: flush, compact, close, reopen, crash, failpoint, versions|a session does that, not db
            5:26+1|the end of the line|what happens there|-
            6:14+1|the end of the line|a key|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              final [a=1
              final ok
              verdict rc: none
            """#,
            #"""
            3:13+1|the end of the line|"," or "]"|-
            4:9+2|"ok"|what final can give: a list, any or skip|-
            5:19+1|the end of the line|a result for si, ser too|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 put x ü
            """#,
            #"""
            3:12+1|the character ü|a word or a string|words are ASCII; put other text in quotes
            """#),
        Case(
            #"""
            spec "a"
            session T1: get x; commit
            session T1: get x; commit
            session T2 get x
            session T3: get x
            session db: crash
            session T4: get x -> 1; commit
            session T5: get x as a; put x $b; commit
            explore all
            """#,
            #"""
            3:9+2|"T1"|each session once|-
            4:12+3|"get"|a colon after the session's name|-
            5:9+2|a program that leaves a transaction open|commit or rollback at its end|-
            6:13+5|"crash"|flush or compact: other things need a schedule|-
            7:19+2|"->"|";" or the end of the line: programs have no expectations|-
            8:31+2|"$b"|a variable that an earlier step has bound with "as b"|-
            """#),
        Case(
            #"""
            spec "a"
            session T1: get x; commit
            """#,
            #"""
            2:1+7|sessions that are not explored|"explore all", or "explore sample N seed S", after them|-
            """#),
        Case(
            #"""
            spec "a"
            explore all
            """#,
            #"""
            2:1+7|"explore"|sessions before explore|as in "session T1: get x; commit"
            """#),
        Case(
            #"""
            spec "a"
            session T1: get x; commit
            explore some
            """#,
            #"""
            3:9+4|"some"|all, or sample N seed S|-
            """#),
        Case(
            #"""
            spec "a"
            session T1: get x; commit
            explore sample 0 seed 1
            """#,
            #"""
            3:16+1|"0"|the number of orders to run, 1 at least|-
            """#),
        Case(
            #"""
            spec "a"
            session T1: get x; commit
            explore sample 5
            """#,
            #"""
            3:17+1|the end of the line|seed|-
            """#),
        Case(
            #"""
            spec "a"
            session T1: get a; get b; get c; get d; commit
            session T2: get a; get b; get c; get d; commit
            session T3: get a; get b; get c; get d; commit
            explore all
            """#,
            #"""
            5:9+3|756756 orders|at most 34650|draw some of them: "explore sample N seed S"
            """#),
        Case(
            #"""
            spec "a"
            session T1: get x; commit
            explore all
              runs 1
              runs 2
              anomalus 0
              aborted xx: 0 | rc: 1
              spurious <= x
            schedule "late"
            session T2: commit
            explore all
            """#,
            #"""
            5:3+4|"runs"|each count once|-
            6:3+8|"anomalus"|runs, anomalous, aborted or spurious|did you mean "anomalous"?
            7:11+2|"xx"|a level: rc, si or ser|-
            8:15+1|"x"|a number of runs|-
            9:1+8|"schedule"|schedules before the sessions that are explored|-
            10:1+7|"session"|sessions before explore|-
            11:1+7|"explore"|explore once|-
            """#),
        Case(
            #"""
            spec "a"
            session T1: get x; commit
              put x 1
            """#,
            #"""
            2:1+7|sessions that are not explored|"explore all", or "explore sample N seed S", after them|-
            3:3+3|"put"|another session, or explore|-
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
            	T1	get	x	->	ok
            """#,
            #"""
            3:14+2|"ok"|what a get can give: a value, none, gone, any, skip or one-of|put a value of that name in quotes: "ok"
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
              T1 commit
                -> rc si: ok
                | ser: conflit
            """#,
            #"""
            5:12+7|"conflit"|what a commit can give: ok, conflict, unknown, gone, any, skip or one-of|did you mean "conflict"?
            """#),
        Case(
            #"""
            spec "a"
            schedule "s"
            shcedule "t"
            """#,
            #"""
            3:1+8|"shcedule"|a session and what it does|did you mean "schedule"?
            """#),
    ]
}
