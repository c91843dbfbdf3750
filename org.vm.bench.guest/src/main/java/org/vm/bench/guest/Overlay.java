package org.vm.bench.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.vm.guest.internal.CpioWriter;

/** The programs as an archive behind the guest's initial RAM disk: the kernel unpacks one after the other. */
final class Overlay {
    /** Where the programs are in the guest. */
    static final String FOLDER = "/bench";

    private Overlay() {}

    /** Writes {@code initrd} and the files behind it to {@code target}. */
    static void write(Path initrd, Map<String, byte[]> files, Path target) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CpioWriter cpio = new CpioWriter(bytes)) {
            cpio.directory(FOLDER.substring(1), 0755);
            for (Map.Entry<String, byte[]> file : new TreeMap<>(files).entrySet()) {
                cpio.file(FOLDER.substring(1) + "/" + file.getKey(), 0755, file.getValue());
            }
        }
        Files.write(target, Files.readAllBytes(initrd));
        // An archive begins at a multiple of 4.
        Files.write(target, new byte[(int) (-Files.size(target) & 3)], StandardOpenOption.APPEND);
        Files.write(target, bytes.toByteArray(), StandardOpenOption.APPEND);
    }
}
