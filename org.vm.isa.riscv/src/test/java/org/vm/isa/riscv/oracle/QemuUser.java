package org.vm.isa.riscv.oracle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Runs an image ({@link Code}) as a Linux process under {@code qemu-riscv64}: what it leaves in memory is the truth. */
final class QemuUser {
    private static final String CPU = "rv64,zba=true,zbb=true,zbs=true";
    private static final int PAGE = 4096;

    private QemuUser() {}

    static boolean isInstalled() {
        try {
            Process process = new ProcessBuilder("qemu-riscv64", "--version").redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException notThere) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while looking for qemu-riscv64", e);
        }
    }

    /** The image as it is after its run. */
    static byte[] run(byte[] image) throws IOException, InterruptedException {
        Path file = Files.createTempFile("oracle", ".elf");
        Path errors = Files.createTempFile("oracle", ".err");
        try {
            Files.write(file, elf(image));
            if (!file.toFile().setExecutable(true)) {
                throw new IOException("cannot make " + file + " executable");
            }
            Process process = new ProcessBuilder("qemu-riscv64", "-cpu", CPU, file.toString())
                    .redirectError(errors.toFile()).start();
            byte[] result = process.getInputStream().readAllBytes();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("qemu-riscv64 does not end");
            }
            if (process.exitValue() != 0 || result.length != image.length) {
                throw new IOException("qemu-riscv64 ended with " + process.exitValue() + " after " + result.length
                        + " of " + image.length + " bytes: " + Files.readString(errors));
            }
            java.util.Arrays.fill(result, 0, Code.ENTRY, (byte) 0);
            return result;
        } finally {
            Files.delete(file);
            Files.delete(errors);
        }
    }

    /** A static executable (ELF-64, System V ABI): one segment, readable, writable and executable. */
    private static byte[] elf(byte[] image) {
        ByteBuffer elf = ByteBuffer.allocate(PAGE + image.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1}).position(16);
        elf.putShort((short) 2).putShort((short) 243).putInt(1); // executable, RISC-V
        elf.putLong(Code.ORIGIN + Code.ENTRY).putLong(64).putLong(0);
        elf.putInt(5).putShort((short) 64).putShort((short) 56).putShort((short) 1); // RVC, double-float ABI
        elf.position(64);
        elf.putInt(1).putInt(7).putLong(PAGE).putLong(Code.ORIGIN).putLong(Code.ORIGIN);
        elf.putLong(image.length).putLong(image.length).putLong(PAGE);
        elf.put(PAGE, image);
        int[] writeOut = {
            0x0000_0597, // auipc a1, 0: the image's begin
            image.length + 0x800 & 0xFFFF_F000 | 0x637, // lui a2, length
            image.length << 20 | 0x0006_061B, // addiw a2, a2, length
            0x0010_0513, // li a0, 1: standard output
            0x0400_0893, // li a7, 64: write
            0x0000_0073, // ecall
            0x00A5_85B3, // add a1, a1, a0
            0x40A6_0633, // sub a2, a2, a0
            0xFE06_16E3, // bnez a2, -20
            0x0000_0513, // li a0, 0
            0x05D0_0893, // li a7, 93: exit
            0x0000_0073, // ecall
        };
        for (int i = 0; i < writeOut.length; i++) {
            elf.putInt(PAGE + 4 * i, writeOut[i]);
        }
        return elf.array();
    }
}
