package org.vm.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The blocks of code on a page of the documentation, as steps that a reader follows. */
final class Guide {
    /** What a reader does, or sees. */
    sealed interface Step {}

    /** Types a command on the host. */
    record HostCommand(String line) implements Step {}

    /** Types a command in the guest, and sees the lines. */
    record GuestCommand(String line, List<String> output) implements Step {}

    /** Replaces lines of the source. */
    record Edit(String from, String to) implements Step {}

    /** Reads something in the terminal of the last command that goes on. */
    record Seen(String line) implements Step {}

    private static final String FENCE = "```";
    private static final String GUEST = "root@linux:~# ";

    private Guide() {}

    /** @param from a line of the page before the first block, @param to one behind the last */
    static List<Step> read(Path page, String from, String to) throws IOException {
        List<Step> steps = new ArrayList<>();
        String before = null;
        List<String> lines = Files.readAllLines(page);
        for (int at = lines.indexOf(from) + 1; !lines.get(at).startsWith(to); at++) {
            if (!lines.get(at).startsWith(FENCE)) {
                continue;
            }
            String language = lines.get(at).substring(FENCE.length());
            List<String> block = new ArrayList<>();
            for (at++; !lines.get(at).equals(FENCE); at++) {
                block.add(lines.get(at));
            }
            String text = String.join("\n", block);
            switch (language) {
                case "console" -> console(block, steps);
                case "text" -> steps.add(new Seen(text));
                case "java" -> {
                    if (before == null) {
                        before = text;
                    } else {
                        steps.add(new Edit(before, text));
                        before = null;
                    }
                }
                default -> throw new IOException(page + " has a block of '" + language + "', which nobody can follow");
            }
        }
        return steps;
    }

    private static void console(List<String> block, List<Step> steps) {
        if (block.getFirst().startsWith(GUEST)) {
            steps.add(new GuestCommand(block.getFirst().substring(GUEST.length()), block.subList(1, block.size())));
        } else {
            block.stream().map(line -> line.substring("$ ".length())).map(HostCommand::new).forEach(steps::add);
        }
    }
}
