package org.vm.shell.internal.text;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A table that fits a terminal: columns as wide as they need to be, the last one wrapped. */
public final class Table {
    private static final String GAP = "  ";
    private static final int NARROWEST = 16;

    private final String[] heads;
    private final List<String[]> rows = new ArrayList<>();
    private final boolean[] right;

    public Table(String... heads) {
        this.heads = heads;
        this.right = new boolean[heads.length];
    }

    /** Aligns columns of numbers to the right. */
    public Table right(int... columns) {
        for (int column : columns) {
            right[column] = true;
        }
        return this;
    }

    public Table row(Object... cells) {
        if (cells.length != heads.length) {
            throw new IllegalArgumentException(cells.length + " cells for " + heads.length + " columns");
        }
        rows.add(Arrays.stream(cells).map(String::valueOf).toArray(String[]::new));
        return this;
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    public void print(PrintWriter out, int columns) {
        int last = heads.length - 1;
        int[] widths = new int[heads.length];
        int width = 0;
        for (int i = 0; i < heads.length; i++) {
            int column = i;
            widths[i] = Math.max(heads[i].length(), rows.stream().mapToInt(r -> r[column].length()).max().orElse(0));
            width += i < last ? widths[i] + GAP.length() : 0;
        }
        int before = width;
        int room = Math.max(columns - before, NARROWEST);
        line(out, heads, widths, before, room);
        rows.forEach(row -> line(out, row, widths, before, room));
    }

    private void line(PrintWriter out, String[] cells, int[] widths, int before, int room) {
        StringBuilder line = new StringBuilder();
        int last = cells.length - 1;
        for (int i = 0; i < last; i++) {
            line.append(pad(cells[i], widths[i], right[i])).append(GAP);
        }
        List<String> tail = wrap(cells[last], room);
        line.append(pad(tail.getFirst(), Math.min(widths[last], room), right[last]));
        out.println(line.toString().stripTrailing());
        tail.stream().skip(1).forEach(more -> out.println(" ".repeat(before) + more));
    }

    private static String pad(String text, int width, boolean right) {
        String spaces = " ".repeat(Math.max(0, width - text.length()));
        return right ? spaces + text : text + spaces;
    }

    /** Breaks text at spaces so that no line is longer than {@code width}, unless a word is. */
    public static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
