# Packs a tree of files into a compressed archive and unpacks it again.
set -e
tree=/tmp/tree
if [ "$1" = setup ]; then
    rm -rf $tree
    awk -v tree=$tree 'BEGIN {
        seed = 7
        for (d = 0; d < 3; d++) {
            folder = sprintf("%s/d%d/e%d", tree, d, d)
            system("mkdir -p " folder)
            for (f = 0; f < 3; f++) {
                file = sprintf("%s/f%d.txt", folder, f)
                for (l = 0; l < 20 + 15 * f; l++) {
                    line = ""
                    for (w = 0; w < 6; w++) {
                        seed = (seed * 16807) % 2147483647
                        line = line " word" (seed % 500)
                    }
                    print line > file
                }
                close(file)
            }
        }
    }'
    # A date of its own for each file would be in the archive.
    find $tree -depth -exec touch -d '2026-01-01 00:00:00' {} +
    exit 0
fi
rm -rf /tmp/out
mkdir /tmp/out
tar -c -C /tmp tree | gzip >/tmp/tree.tar.gz
gunzip -c /tmp/tree.tar.gz | tar -x -C /tmp/out
cat /tmp/tree.tar.gz | md5sum
find /tmp/out -type f | sort | xargs cat | md5sum
