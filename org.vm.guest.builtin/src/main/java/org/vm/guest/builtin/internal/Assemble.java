package org.vm.guest.builtin.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.vm.api.InvalidInstructionException;
import org.vm.isa.riscv.internal.RiscvArchitecture;

/** Assembles a source file to a raw image: {@code Assemble SOURCE IMAGE}. */
final class Assemble {
    private Assemble() {}

    public static void main(String[] files) throws IOException {
        Path source = Path.of(files[0]);
        try {
            Path image = Path.of(files[1]);
            Files.createDirectories(image.toAbsolutePath().getParent());
            Files.write(image, image(Files.readString(source)));
        } catch (InvalidInstructionException e) {
            System.err.println(source.getFileName() + ": " + e.getMessage());
            System.exit(1);
        }
    }

    static byte[] image(String source) {
        return RiscvArchitecture.assembler().assemble(source).bytes();
    }
}
