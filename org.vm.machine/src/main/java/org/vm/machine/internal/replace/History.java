package org.vm.machine.internal.replace;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.vm.api.replace.Replacement;

/** The latest replacements; texts and numbers only. Any thread. */
final class History {
    private static final int MOST = 100;

    private final Deque<Replacement> latest = new ArrayDeque<>();

    synchronized Replacement add(Replacement replacement) {
        if (latest.size() == MOST) {
            latest.removeFirst();
        }
        latest.addLast(replacement);
        return replacement;
    }

    /** What has become of the one that is on trial. */
    synchronized Replacement become(Replacement trial, Replacement.Outcome outcome, String detail) {
        return become(trial, new Replacement(trial.time(), trial.bundle(), trial.from(), trial.to(), trial.devices(), trial.pause(),
                trial.steps(), outcome, detail));
    }

    synchronized Replacement become(Replacement trial, Replacement now) {
        latest.removeIf(each -> each == trial);
        return add(now);
    }

    synchronized List<Replacement> all() {
        return List.copyOf(latest);
    }
}
