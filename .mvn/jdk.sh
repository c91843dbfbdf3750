# Sourced by vmm and mvnw: finds a JDK that is new enough, without starting any.
# POSIX shell; sets JDK to its folder, or to nothing.

jdk_version_of() { # folder -> major version, from the file that every JDK has
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

jdk_is_good() {
    [ -x "$1/bin/javac" ] || return 1
    version=$(jdk_version_of "$1")
    [ -n "$version" ] && [ "$version" -ge 25 ]
}

jdk_of_program() { # path of a java program, perhaps a link -> its JDK's folder
    program=$1
    while [ -L "$program" ]; do
        link=$(readlink "$program")
        case $link in
        /*) program=$link ;;
        *) program=${program%/*}/$link ;;
        esac
    done
    folder=${program%/*}
    (cd "$folder/.." 2>/dev/null && pwd -P)
}

find_jdk() {
    JDK=
    if [ -n "$JAVA_HOME" ] && jdk_is_good "$JAVA_HOME"; then
        JDK=$JAVA_HOME
        return
    fi
    if command -v java >/dev/null 2>&1; then
        candidate=$(jdk_of_program "$(command -v java)")
        if [ -n "$candidate" ] && jdk_is_good "$candidate"; then
            JDK=$candidate
            return
        fi
    fi
    for candidate in "$JDK_HOME" /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* /opt/jdk* /opt/*jdk* \
        /usr/local/java/* /usr/local/*jdk* /usr/local/openjdk* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home \
        /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
        /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
        "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* "$HOME"/.local/share/mise/installs/java/* \
        "$HOME"/.asdf/installs/java/* /run/current-system/sw/lib/openjdk; do
        if [ -n "$candidate" ] && jdk_is_good "$candidate"; then
            JDK=$candidate
            return
        fi
    done
}
