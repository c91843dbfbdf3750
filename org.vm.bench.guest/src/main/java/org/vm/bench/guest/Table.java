package org.vm.bench.guest;

import java.util.ArrayList;
import java.util.List;

/** A table in Markdown that can be read as it is. The first column is text, the others are numbers. */
final class Table {
    private final List<String> heads;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... heads) {
        this.heads = List.of(heads);
    }

    Table row(String... cells) {
        if (cells.length != heads.size()) {
            throw new IllegalArgumentException(cells.length + " cells for " + heads.size() + " columns");
        }
        rows.add(List.of(cells));
        return this;
    }

    @Override
    public String toString() {
        int[] widths = new int[heads.size()];
        for (int i = 0; i < widths.length; i++) {
            int column = i;
            widths[i] = Math.max(heads.get(i).length(), rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0));
        }
        StringBuilder text = new StringBuilder();
        line(text, heads, widths);
        for (int i = 0; i < widths.length; i++) {
            text.append(i == 0 ? "|-" + "-".repeat(widths[i]) + "-" : "|-" + "-".repeat(widths[i]) + ":");
        }
        text.append("|\n");
        rows.forEach(row -> line(text, row, widths));
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> cells, int[] widths) {
        for (int i = 0; i < widths.length; i++) {
            String spaces = " ".repeat(widths[i] - cells.get(i).length());
            text.append("| ").append(i == 0 ? cells.get(i) + spaces : spaces + cells.get(i)).append(' ');
        }
        text.append("|\n");
    }
}
