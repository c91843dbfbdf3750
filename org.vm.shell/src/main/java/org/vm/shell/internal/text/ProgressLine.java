package org.vm.shell.internal.text;

import java.io.PrintWriter;
import java.util.Locale;
import org.vm.guest.Progress;

/** Progress: one line that is written over on a terminal, else a line at each tenth. */
public final class ProgressLine implements Progress {
    private static final long NANOS_BETWEEN = 100_000_000;

    private final PrintWriter out;
    private final boolean terminal;
    private String step = "";
    private long shownTenth;
    private long shownAt;

    public ProgressLine(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public synchronized void report(String what, long done, long total) {
        boolean news = !what.equals(step);
        if (news) {
            step = what;
            shownTenth = -1;
        }
        if (terminal) {
            boolean end = done == total;
            long now = System.nanoTime();
            if (news || end || now - shownAt >= NANOS_BETWEEN) {
                shownAt = now;
                out.print("\r\033[K" + text(what, done, total) + (end ? System.lineSeparator() : ""));
                out.flush();
            }
            return;
        }
        long tenth = total > 0 ? done * 10 / total : 0;
        if (tenth > shownTenth) {
            shownTenth = tenth;
            out.println(text(what, done, total));
            out.flush();
        }
    }

    static String text(String what, long done, long total) {
        if (total < 0) {
            return what;
        }
        long percent = total == 0 ? 100 : done * 100 / total;
        String amount = total < 10_000 ? "" : " of " + Quantity.size(total);
        return String.format(Locale.ROOT, "%s: %d%%%s", what, percent, amount);
    }
}
