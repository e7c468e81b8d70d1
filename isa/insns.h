// The instruction set. Adding an instruction = a file in insns/ and one line here.
#pragma once
#include "isa/insns/conv.h"
#include "isa/insns/dep.h"
#include "isa/insns/end.h"
#include "isa/insns/fence.h"
#include "isa/insns/fmt.h"
#include "isa/insns/kld.h"
#include "isa/insns/kpf.h"
#include "isa/insns/l2map.h"
#include "isa/insns/ld1.h"
#include "isa/insns/ld2.h"
#include "isa/insns/ne.h"
#include "isa/insns/nop.h"
#include "isa/insns/pe.h"
#include "isa/insns/run.h"
#include "isa/insns/shape.h"
#include "isa/insns/sig.h"
#include "isa/insns/st.h"
#include "isa/insns/task.h"
#include "isa/insns/wait.h"

namespace ane::isa {

inline constexpr std::array instructions{
    insns::nop,   insns::task, insns::run, insns::wait, insns::sig,   insns::dep,
    insns::fence, insns::kpf,  insns::end, insns::fmt,  insns::shape, insns::conv,
    insns::ld1,   insns::ld1a, insns::ld2, insns::ld2a, insns::l2map, insns::st,
    insns::sta,   insns::kld,  insns::kla, insns::ne,   insns::pe};
static_assert(well_formed(instructions));

}  // namespace ane::isa
