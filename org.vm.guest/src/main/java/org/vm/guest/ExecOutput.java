package org.vm.guest;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * Separates a command's output from the rest of a console's. Fed by one thread.
 *
 * <pre>
 *   console…  01 token '&lt;' '\n'  output…  01 token '&gt;' status '\n'  console…
 * </pre>
 * The token is hexadecimal, so that a marker can begin only at its 01: a mismatch needs no look back.
 */
public final class ExecOutput {
    private enum State { CONSOLE, OUTPUT, STATUS }

    private static final int MAX_STATUS_DIGITS = 3;

    private final byte[] begin;
    private final byte[] end;
    private final OutputStream standardOutput;
    private final OutputStream console;
    private State state = State.CONSOLE;
    private int matched;
    private final StringBuilder digits = new StringBuilder();
    private volatile int status = -1;

    ExecOutput(String token, OutputStream standardOutput, OutputStream console) {
        this.begin = ("\u0001" + token + "<\n").getBytes(StandardCharsets.US_ASCII);
        this.end = ("\u0001" + token + ">").getBytes(StandardCharsets.US_ASCII);
        this.standardOutput = standardOutput;
        this.console = console;
    }

    /** Takes all bytes of {@code from}. */
    public void accept(ByteBuffer from) throws IOException {
        while (from.hasRemaining()) {
            accept(from.get());
        }
        standardOutput.flush();
        console.flush();
    }

    private void accept(byte b) throws IOException {
        switch (state) {
            case CONSOLE -> {
                if (match(begin, b, console)) {
                    state = State.OUTPUT;
                }
            }
            case OUTPUT -> {
                if (match(end, b, standardOutput)) {
                    state = State.STATUS;
                }
            }
            case STATUS -> {
                if (b >= '0' && b <= '9' && digits.length() < MAX_STATUS_DIGITS) {
                    digits.append((char) b);
                } else {
                    status = digits.isEmpty() ? 255 : Integer.parseInt(digits.toString());
                    state = State.CONSOLE;
                }
            }
        }
    }

    /** @return whether the marker is complete with this byte; what proves not to be the marker goes to {@code sink} */
    private boolean match(byte[] marker, byte b, OutputStream sink) throws IOException {
        if (b != marker[matched]) {
            sink.write(marker, 0, matched);
            matched = 0;
            if (b != marker[0]) {
                sink.write(b);
                return false;
            }
        }
        if (++matched < marker.length) {
            return false;
        }
        matched = 0;
        return true;
    }

    /** Whether the command was started in the guest. */
    public boolean started() {
        return state != State.CONSOLE || status >= 0;
    }

    /** Exit status of the command, once its end has been seen. Any thread. */
    public OptionalInt status() {
        return status < 0 ? OptionalInt.empty() : OptionalInt.of(status);
    }
}
