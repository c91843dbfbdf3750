package org.vm.shell.internal.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement;
import org.vm.api.replace.Replacement.Outcome;
import org.vm.api.replace.ReplacementException;

/** A replacer that notes what it is asked for. */
public final class FakeReplacer implements BundleReplacer {
    public final List<String> calls = new ArrayList<>();
    public List<String> devices = List.of("linux/disk0", "linux/net0");
    public Map<String, Duration> steps = new LinkedHashMap<>();
    public String failure;
    public Map<Long, Long> standIns = Map.of();
    private final List<Replacement> history = new ArrayList<>();

    @Override
    public Replacement replace(long bundle, InputStream content, Duration trial) {
        try {
            calls.add(bundle + " " + new String(content.readAllBytes(), StandardCharsets.UTF_8) + " " + trial.toSeconds());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Outcome outcome = failure != null ? Outcome.ROLLED_BACK : trial.isZero() ? Outcome.DONE : Outcome.ON_TRIAL;
        Replacement done = new Replacement(Instant.now(), "org.example.sensor", "1.0.0", "1.1.0", devices, Duration.ofMillis(12), steps, outcome,
                failure == null ? "" : failure);
        history.add(done);
        if (failure != null) {
            throw new ReplacementException(failure);
        }
        return done;
    }

    @Override
    public List<Replacement> history() {
        return history;
    }

    @Override
    public Map<Long, Long> standIns() {
        return standIns;
    }

    @Override
    public boolean leave(String vm, String device, String what, Object thing, Runnable cleanup) {
        return false;
    }

    @Override
    public <T> Optional<T> take(String vm, String device, String what, Class<T> type) {
        return Optional.empty();
    }
}
