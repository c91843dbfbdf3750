/** The neutral instruction model: reads annotated methods into rows; decodes, disassembles and assembles them. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.isa;
