package org.vm.guest.internal;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vm.api.VmException;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestCatalog;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;

/** {@code fetch NAME…}: prepares guests from the command line and prints where their files are. */
public final class FetchCommand {
    private static final String HELP = """
            Usage: vmm fetch [--mirror URL] [--refresh] NAME...

            Fetches guests, verifies them and keeps them in the cache. Names:
            """;

    private final GuestCatalog catalog;
    private final PrintStream out;
    private final PrintStream err;

    public FetchCommand(GuestCatalog catalog, PrintStream out, PrintStream err) {
        this.catalog = catalog;
        this.out = out;
        this.err = err;
    }

    public static void main(String[] arguments) {
        System.exit(new FetchCommand(DebianGuests.local(), System.out, System.err).run(List.of(arguments)));
    }

    /** @return exit status: 0, 1 for a failure, 2 for a wrong command line */
    public int run(List<String> arguments) {
        List<String> names = new ArrayList<>();
        Optional<String> mirror = Optional.empty();
        boolean refresh = false;
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (argument.equals("--help") || argument.equals("-h")) {
                out.print(HELP);
                catalog.entries().forEach(entry -> out.printf("  %-10s %s%n", entry.name(), entry.description()));
                return 0;
            } else if (argument.equals("--refresh")) {
                refresh = true;
            } else if (argument.startsWith("--mirror=")) {
                mirror = Optional.of(argument.substring("--mirror=".length()));
            } else if (argument.equals("--mirror") && i + 1 < arguments.size()) {
                mirror = Optional.of(arguments.get(++i));
            } else if (argument.startsWith("-")) {
                err.println("vmm fetch: unknown or incomplete option " + argument + "; see vmm fetch --help");
                return 2;
            } else {
                names.add(argument);
            }
        }
        if (names.isEmpty()) {
            err.println("vmm fetch: name what to fetch; see vmm fetch --help");
            return 2;
        }
        try {
            for (String name : names) {
                print(catalog.prepare(name, new FetchOptions(mirror, refresh), new ProgressLine(err)));
            }
            return 0;
        } catch (VmException e) {
            err.println("vmm fetch: " + e.getMessage());
            return 1;
        }
    }

    private void print(GuestImage image) {
        out.println(image.name() + ": " + image.description());
        image.firmware().ifPresent(path -> out.println("  firmware " + path));
        image.kernel().ifPresent(path -> out.println("  kernel   " + path));
        image.initrd().ifPresent(path -> out.println("  initrd   " + path));
        if (!image.append().isEmpty()) {
            out.println("  append   " + image.append());
        }
    }

    /** Shows progress as one line that is written over. */
    static final class ProgressLine implements Progress {
        private final PrintStream err;
        private String shown = "";

        ProgressLine(PrintStream err) {
            this.err = err;
        }

        @Override public void report(String what, long done, long total) {
            String line = total < 0 ? what : what + ": " + (total == 0 ? 100 : done * 100 / total) + " %"
                    + (total < 10_000 ? "" : " of " + (total + 500_000) / 1_000_000 + " MB");
            if (!line.equals(shown)) {
                err.print("\r" + line + " ".repeat(Math.max(0, shown.length() - line.length())));
                shown = line;
            }
            if (done == total) {
                err.println();
                shown = "";
            }
            err.flush();
        }
    }
}
