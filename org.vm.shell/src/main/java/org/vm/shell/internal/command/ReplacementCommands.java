package org.vm.shell.internal.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.osgi.framework.Bundle;
import org.vm.api.ConfigurationException;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Replacing bundles while guests use their devices. */
final class ReplacementCommands {
    private ReplacementCommands() {}

    /** What the pause was made of, in milliseconds. */
    private static String steps(Replacement done) {
        return done.steps().entrySet().stream().filter(step -> step.getValue().toMillis() > 0)
                .map(step -> step.getKey() + " " + step.getValue().toMillis()).collect(Collectors.joining(", "));
    }

    @Command(name = "update", description = {"Replaces a bundle by another version while guests use its devices.",
        "Should the new version not start, not take the devices' state, or fail while it is on trial, the one before is put back."},
            footer = {"Example: update org.example.sensor", "         update org.vm.device.virtio build/virtio.jar --trial 30"})
    static final class Update extends ShellCommand {
        @Parameters(paramLabel = "BUNDLE", index = "0", description = "Symbolic name or number of the bundle.")
        private String name;

        @Parameters(paramLabel = "FILE", index = "1", arity = "0..1",
                description = "The new version's jar; by default the file that the bundle came from.")
        private Path file;

        @Option(names = "--trial", paramLabel = "SECONDS", description = "How long the new version is on trial; by default 5.")
        private Integer trial;

        Update(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() throws IOException {
            BundleReplacer replacer = shell.services().require(BundleReplacer.class);
            Bundles bundles = shell.services().require(Bundles.class);
            Bundle bundle = bundles.replaceable(name, replacer.standIns().values());
            Duration time = trial == null ? BundleReplacer.TRIAL : Duration.ofSeconds(trial);
            try (InputStream content = content(bundles, bundle)) {
                report(replacer.replace(bundle.getBundleId(), content, time), time);
            }
        }

        private InputStream content(Bundles bundles, Bundle bundle) throws IOException {
            if (file == null) {
                return bundles.content(bundle);
            }
            if (!Files.isRegularFile(file)) {
                throw new ConfigurationException("there is no file '" + file + "'");
            }
            return Files.newInputStream(file);
        }

        private void report(Replacement done, Duration time) {
            out.printf("bundle '%s' is version %s now, instead of %s%n", done.bundle(), done.to(), done.from());
            out.println(done.devices().isEmpty() ? "it has no devices that are in use"
                    : "%s waited for %d ms%s".formatted(String.join(", ", done.devices()), done.pause().toMillis(),
                            steps(done).isEmpty() ? "" : " (" + steps(done) + ")"));
            if (!done.detail().isEmpty()) {
                out.println(done.detail());
            }
            if (done.outcome() == Replacement.Outcome.ON_TRIAL) {
                out.printf("for %d s it is on trial: if it fails, version %s is put back; see: replacements%n", time.toSeconds(), done.from());
            }
        }
    }

    @Command(name = "replacements", description = "Lists the bundles that were replaced lately, and how it went.",
            footer = "Example: replacements")
    static final class History extends ShellCommand {
        History(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            List<Replacement> history = shell.services().require(BundleReplacer.class).history();
            if (history.isEmpty()) {
                out.println("no bundle was replaced yet; replace one with: update BUNDLE");
                return;
            }
            DateTimeFormatter clock = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());
            Table table = new Table("TIME", "BUNDLE", "FROM", "TO", "DEVICES", "PAUSE", "OUTCOME", "OF THE PAUSE").right(4, 5);
            for (Replacement each : history) {
                table.row(clock.format(each.time()), each.bundle(), each.from(), each.to(), each.devices().size(),
                        each.pause().toMillis() + " ms", each.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' '), steps(each));
            }
            print(table);
            for (Replacement each : history) {
                if (!each.detail().isEmpty()) {
                    Table.wrap(clock.format(each.time()) + " " + each.detail(), shell.screen().columns()).forEach(out::println);
                }
            }
        }
    }
}
