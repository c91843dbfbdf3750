package org.vm.itest;

import java.util.List;
import org.osgi.framework.FrameworkUtil;
import org.vm.api.GuestArch;
import org.vm.api.isa.ControlRegister;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.Into;

/** Brings an instruction that gives its bundle's version, and one that counts in a control register; comes in a bundle of its own. */
@ControlRegister(number = 0x800, name = "vcount")
public final class VersionInstruction implements InstructionExtension {
    private static final long VERSION = FrameworkUtil.getBundle(VersionInstruction.class).getVersion().getMajor();

    @Override
    public GuestArch architecture() {
        return GuestArch.RISCV64;
    }

    @Override
    public String name() {
        return "xversion";
    }

    @Override
    public List<Class<?>> instructions() {
        return List.of(VersionInstruction.class);
    }

    @Encoding("0000000 00000 00000 000 rd 0001011")
    public static long version() {
        return VERSION;
    }

    @Into("vcount")
    @Encoding("0000001 00000 00000 000 00000 0001011")
    public static long count(long vcount) {
        return vcount + 1;
    }
}
