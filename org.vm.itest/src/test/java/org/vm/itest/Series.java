package org.vm.itest;

import static org.junit.Assert.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement;

/** Replacements of bundles by themselves, many of them; {@code -Dvm.replacements=1000} says how many. */
final class Series {
    static final int TIMES = Integer.getInteger("vm.replacements", 12);
    /** What was measured, for whoever wants to know; no test depends on time. */
    private static final Path FIGURES = Path.of("target", "replacements.txt");

    private final BundleContext context;
    private final BundleReplacer replacer;

    Series(BundleContext context, BundleReplacer replacer) {
        this.context = context;
        this.replacer = replacer;
    }

    Bundle bundle(String name) {
        return Stream.of(context.getBundles()).filter(each -> name.equals(each.getSymbolicName())).findFirst().orElseThrow();
    }

    /** What a guest does between two replacements. */
    interface Progress {
        void await() throws Exception;
    }

    void replace(String name, int times) throws Exception {
        replace(name, times, () -> { });
    }

    /** Replaces the bundle that often, one after the other. */
    void replace(String name, int times, Progress between) throws Exception {
        Bundle bundle = bundle(name);
        byte[] jar = ReactorJar.of(name).readAllBytes();
        List<Duration> pauses = new ArrayList<>();
        Map<String, List<Duration>> steps = new LinkedHashMap<>();
        for (int i = 0; i < times; i++) {
            between.await();
            Replacement done = replacer.replace(bundle.getBundleId(), new ByteArrayInputStream(jar), Duration.ZERO);
            assertEquals(done.toString(), Replacement.Outcome.DONE, done.outcome());
            pauses.add(done.pause());
            done.steps().forEach((step, time) -> steps.computeIfAbsent(step, first -> new ArrayList<>()).add(time));
        }
        note("%s replaced %d times: pause %s".formatted(name, times, figures(pauses)));
        for (Map.Entry<String, List<Duration>> step : steps.entrySet()) {
            note("  %s: %s".formatted(step.getKey(), figures(step.getValue())));
        }
    }

    private static String figures(List<Duration> times) {
        List<Double> sorted = times.stream().map(time -> time.toNanos() / 1e6).sorted().toList();
        return "p50 %.1f ms, p99 %.1f ms, longest %.1f ms".formatted(sorted.get(sorted.size() / 2), sorted.get(sorted.size() * 99 / 100),
                sorted.getLast());
    }

    static void note(String text) throws IOException {
        Files.writeString(FIGURES, text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
