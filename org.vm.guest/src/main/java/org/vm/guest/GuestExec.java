package org.vm.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.vm.guest.internal.CpioWriter;

/**
 * One command to be run as root in a guest whose {@code /init} is ours, instead of an interactive shell.
 *
 * <p>The command travels as a second cpio archive behind the initial RAM disk (the kernel unpacks concatenated archives
 * one after the other), so it may hold any bytes. In the guest, standard output goes to the virtio-console port named
 * {@link #PORT} if there is one, and else to the serial console; on either it stands between two markers that nobody
 * can guess, the second of which carries the exit status. {@link ExecOutput} takes them apart again.
 */
public final class GuestExec {
    /** Name of the virtio-console port that takes the command's output alone. */
    public static final String PORT = "org.vm.exec";

    private final String command;
    private final String token;

    public GuestExec(String command) {
        this.command = command;
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        this.token = HexFormat.of().formatHex(random);
    }

    /** The archive to append to the initial RAM disk, whose length must be a multiple of 4. */
    public byte[] overlay() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CpioWriter cpio = new CpioWriter(bytes)) {
            cpio.directory("exec", 0700);
            cpio.file("exec/command", 0600, (command + "\n").getBytes(StandardCharsets.UTF_8));
            cpio.file("exec/token", 0600, (token + "\n").getBytes(StandardCharsets.US_ASCII));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /** Writes {@code initrd} and the command behind it to {@code target}, which is replaced. */
    public void writeInitrd(Path initrd, Path target) throws IOException {
        Files.write(target, Files.readAllBytes(initrd));
        long beyond = Files.size(target) % 4;
        if (beyond != 0) {
            Files.write(target, new byte[(int) (4 - beyond)], StandardOpenOption.APPEND);
        }
        Files.write(target, overlay(), StandardOpenOption.APPEND);
    }

    /**
     * What reads the guest's end.
     *
     * @param standardOutput the command's output, unmodified
     * @param console        everything else that comes over the same line
     */
    public ExecOutput output(OutputStream standardOutput, OutputStream console) {
        return new ExecOutput(token, standardOutput, console);
    }
}
