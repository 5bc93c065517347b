/// Programs for a POSIX shell on another machine; they need coreutils and Linux, and nothing of ours.
///
/// They are handed over as they stand: no data is written into them, values are arguments.
enum CourierScript {
    /// Brings files and the ends of actions on standard output, and takes orders, a line each, on standard input.
    ///
    /// Arguments: a word that begins the first line of ours (what a login shell prints before it is skipped), and the
    /// folder below the home folder, or none for one that is removed at the end. It ends with its standard input. `CourierParser` says what the lines mean.
    static let courier = #"""
        set -u
        unset TMUX TMUX_PANE
        LC_ALL=C
        export LC_ALL
        umask 077
        nonce=$1 folder=${2:+$HOME/$2} made=
        if [ -z "$folder" ]; then folder=$(mktemp -d) && made=$folder; fi
        say() { printf '%s\n' "$*"; }
        for program in stat tail head timeout mkfifo dd cat; do
            command -v "$program" >/dev/null 2>&1 || {
                say "refused $nonce it has no program '$program'"
                exit 3
            }
        done
        mkdir -p "$folder/clients" "$folder/actions" && cd "$folder" || {
            say "refused $nonce it cannot make the folder '$folder'"
            exit 3
        }

        # The line of /proc/PID/stat says when a process began: a number that was used again has another beginning.
        began() {
            read -r line 2>/dev/null <"/proc/$1/stat" || return 1
            set -- ${line##*) }
            began=${20}
            case $1 in Z | X) return 1 ;; esac
        }
        lives() { # RECORD: the process whose line was kept in the file
            read -r kept 2>/dev/null <"$1" || return 1
            process=${kept%% *}
            set -- ${kept##*) }
            [ $# -ge 20 ] || return 1
            kept=${20}
            began "$process" && [ "$kept" = "$began" ]
        }
        began $$ || {
            say "refused $nonce it has no /proc"
            exit 3
        }

        # What a lost connection left here would hold up tmux, or send bytes into nowhere.
        end_clients() {
            for record in clients/*; do
                if [ "$record" != "clients/$$" ] && lives "$record"; then kill "$process" 2>/dev/null; fi
                rm -f "$record"
            done
        }
        end_clients
        rm -f inbox.* bell.*
        find actions -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} + 2>/dev/null
        set -f
        read -r line <"/proc/$$/stat" && say "$line" >"clients/$$"
        inbox=inbox.$$ bell=bell.$$
        echo >"$inbox"
        echo >rung
        mkfifo "$bell"
        temporary=$(cd -P "${TMUX_TMPDIR:-/tmp}" 2>/dev/null && pwd) || temporary=/tmp
        say "ready $nonce $(id -u)"
        say "$temporary"
        say "$folder"

        names= where=' ' actions= finishing= partial=

        order() {
            case ${1-} in
            follow) # ID OFFSET NAME
                : >>"$4"
                eval "name_$2=\$4 offset_$2=\$3"
                names="$names $4" where="$where$4:$2 " changed=1
                ;;
            leave) # ID
                eval "gone=\$name_$2"
                where="${where%% "$gone:"*} ${where#* "$gone:$2" }" changed=1
                kept=
                for name in $names; do [ "$name" = "$gone" ] || kept="$kept $name"; done
                names=$kept
                ;;
            free) # ID LENGTH
                eval "name=\$name_$2"
                fallocate -p -o 0 -l "$3" "$name" 2>/dev/null
                ;;
            finish) # ID
                finishing="$finishing $2"
                ;;
            written) # REQUEST NAME
                if lives "$3.pipe"; then say "answer $2 yes"; else say "answer $2 no"; fi
                ;;
            remove) # NAME
                rm -f "$2" "$2.pipe"
                ;;
            action) # KEY
                actions="$actions $2"
                ;;
            esac
        }
        # A frame is a line that says how many bytes follow, the bytes, and a line that shows that they were so many.
        frame() { # KIND ID WORD FILE OFFSET LENGTH
            say "$1 $2 $3 $5 $6"
            if [ "$6" -gt 0 ]; then tail -c "+$(($5 + 1))" "$4" | head -c "$6"; fi
            say "end $2"
        }
        send() { # NAME SIZE
            id=${where#* $1:}
            id=${id%% *}
            eval "offset=\$offset_$id"
            length=$(($2 - offset))
            if [ "$length" -lt 0 ]; then
                say "cut $id $2"
                offset=0 length=0 busy=1
            elif [ "$length" -gt 0 ]; then
                busy=1
                if [ "$length" -gt 262144 ]; then length=262144 more=1; fi
                frame bytes "$id" - "$1" "$offset" "$length"
            fi
            eval "offset_$id=$((offset + length))"
        }
        finish() { # ID: all of it was sent, and nobody writes to it any more
            eval "ended=\$name_$1"
            order leave "$1"
            rm -f "$ended" "$ended.pipe"
            say "finished $1"
        }
        look() { # KEY: says what became of an action, unless it goes on
            action=actions/$1
            if [ -f "$action/status" ]; then
                read -r status <"$action/status" || status='failed its status cannot be read'
                size=$(stat -c %s "$action/output" 2>/dev/null) || size=0
                start=$((size > 4096 ? size - 4096 : 0))
                say "status $1 $status"
                frame output "$1" - "$action/output" "$start" "$((size - start))"
            elif [ ! -f "$action/claim" ]; then
                say "unclaimed $1"
            elif lives "$action/claim"; then
                waiting="$waiting $1"
            elif [ -f "$action/status" ]; then
                look "$1"
            else
                say "uncertain $1"
            fi
        }
        # tail(1) tells that something was added, whatever it was: inotify wakes it, and nothing polls. Its first bytes, one of
        # each file that has any, say that it listens; what was added before is found by the look that follows.
        listen() {
            if [ -n "$waiter" ]; then
                kill "$waiter" 2>/dev/null
                wait "$waiter" 2>/dev/null
                rm -f "clients/$waiter"
            fi
            tail -q -c 1 -f "$inbox" rung $names >"$bell" 2>/dev/null &
            waiter=$!
            exec 6<"$bell"
            read -r line 2>/dev/null <"/proc/$waiter/stat" && say "$line" >"clients/$waiter"
            head -c "$filled" <&6 >/dev/null
            changed=0
        }
        scan() {
            exec 5<"$inbox"
            waiter= changed=1
            while :; do
                busy=0 more=0 waiting= filled=2
                while IFS= read -r part <&5; do
                    order $partial$part
                    partial=
                done
                partial=$partial$part
                for name in $names; do [ -e "$name" ] || : >>"$name"; done
                if [ -n "$names" ]; then
                    while read -r size name; do
                        if [ "$size" -gt 0 ]; then filled=$((filled + 1)); fi
                        send "$name" "$size"
                    done <<END
        $(stat -c '%s %n' $names 2>/dev/null)
        END
                fi
                for key in $actions; do look "$key"; done
                actions=$waiting
                if [ "$more" = 1 ]; then
                    # What tail has yet to read of a flood is known already.
                    changed=1
                elif [ "$changed" = 1 ]; then
                    listen
                elif [ "$busy" = 1 ]; then
                    sleep 0.1
                elif [ -n "$finishing" ]; then
                    finished=$finishing finishing=
                    for id in $finished; do finish "$id"; done
                else
                    say alive
                    dd bs=65536 count=1 <&6 >/dev/null 2>&1
                fi
            done
        }

        exec 4<&0
        scan </dev/null &
        scanner=$!
        cat <&4 >>"$inbox" &
        reader=$!
        leave() {
            kill "$scanner" "$reader" 2>/dev/null
            set +f
            end_clients
            rm -f "$inbox" "$bell"
            if [ -n "$made" ]; then rm -rf "$made"; fi
            exit 0
        }
        trap leave TERM HUP INT
        wait "$reader"
        leave
        """#
}
