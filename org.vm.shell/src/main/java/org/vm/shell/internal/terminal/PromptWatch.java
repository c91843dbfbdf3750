package org.vm.shell.internal.terminal;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

/** Watches a console's output for the moment when the guest wants input: it rests behind a prompt. */
final class PromptWatch {
    private static final Duration RESTS = Duration.ofMillis(500);
    private static final int TAIL = 64;
    /** Cursor queries and colours, which line editors print around a prompt. */
    private static final Pattern CONTROL = Pattern.compile("\033\\[[0-9;?]*[A-Za-z]|[\007\016\017]");
    private static final Pattern PROMPT = Pattern.compile("[#$%>:?] ?$");

    private final Duration silence;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition printed = lock.newCondition();
    private String tail = "";
    private long lastOutput = System.nanoTime();

    /** @param silence after which the guest is taken to want input even without a prompt */
    PromptWatch(Duration silence) {
        this.silence = silence;
    }

    void output(byte[] bytes, int offset, int length) {
        int kept = Math.min(length, TAIL);
        String end = new String(bytes, offset + length - kept, kept, StandardCharsets.ISO_8859_1);
        lock.lock();
        try {
            String all = tail + end;
            tail = all.substring(Math.max(0, all.length() - TAIL));
            lastOutput = System.nanoTime();
            printed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a prompt, or for silence. @return whether it was a prompt */
    boolean await() throws InterruptedException {
        lock.lock();
        try {
            long since = System.nanoTime();
            while (true) {
                boolean prompt = PROMPT.matcher(CONTROL.matcher(tail).replaceAll("")).find();
                long rested = System.nanoTime() - Math.max(since, lastOutput);
                long left = (prompt ? RESTS : silence).toNanos() - rested;
                if (left <= 0) {
                    return prompt;
                }
                printed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }
}
