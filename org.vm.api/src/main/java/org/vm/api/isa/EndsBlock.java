package org.vm.api.isa;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The instruction may change what the following ones mean or where they come from (mode, translation, code, pending
 * interrupts) or reads {@link org.vm.api.cpu.Cpu#retired}: an engine does not decode or translate past it, and has
 * written back all state before it. Branches and {@link Jump}s end a block without being marked.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface EndsBlock {}
