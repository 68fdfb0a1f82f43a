#include "runner/svg.hpp"

namespace pushforward::runner {

// Hues after Okabe and Ito, told apart with every common form of colour blindness; on dark paper
// they are lightened to keep a contrast of at least 4.5 to 1, and on light paper the pale ones
// (orange, sky blue) are deepened to at least 3 to 1.
std::string_view svg_style() {
  return R"css(.pf{--paper:#fff;--ink:#1c2330;--muted:#5b6472;--grid:#e6e9ee;--axis:#9aa3b0;
--s0:#0072b2;--s1:#d55e00;--s2:#009073;--s3:#b5538f;--s4:#b97f00;--s5:#3a9bd9;--s6:#6b6b6b;--s7:#7a5cc4;
--density:#68717e;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media (prefers-color-scheme:dark){.pf{--paper:#12161d;--ink:#e8ebf0;--muted:#a3acb9;--grid:#28303b;--axis:#667080;
--s0:#55b0e8;--s1:#ff8f4d;--s2:#35cfa5;--s3:#e79ac8;--s4:#f2b53f;--s5:#94d3fb;--s6:#b9bdc4;--s7:#b39cf2;
--density:#9aa6b5}}
@media print{.pf{--paper:#fff;--ink:#000;--muted:#444;--grid:#ddd;--axis:#888;
--s0:#0072b2;--s1:#d55e00;--s2:#009073;--s3:#b5538f;--s4:#b97f00;--s5:#3a9bd9;--s6:#6b6b6b;--s7:#7a5cc4;--density:#68717e}}
.pf text{fill:var(--ink);font-size:12px}
.pf .tick{fill:var(--muted);font-size:11.5px;font-variant-numeric:tabular-nums}
.pf .label{fill:var(--muted);font-size:12px}
.pf .panel{font-size:13px;font-weight:600}
.pf .title{font-size:16px;font-weight:650}
.pf .note{fill:var(--muted);font-size:12px}
.pf .grid{stroke:var(--grid);stroke-width:1;fill:none}
.pf .axis{stroke:var(--axis);stroke-width:1;fill:none}
.pf .frame{stroke:var(--grid);stroke-width:1;fill:none}
.pf .line{fill:none;stroke-width:1.7;stroke-linejoin:round;stroke-linecap:round}
.pf .heavy{stroke-width:2.8}
.pf .theory{fill:none;stroke:var(--muted);stroke-width:1.4;stroke-dasharray:5 4}
.pf .error{fill:none;stroke-width:1.3}
.pf .leader{fill:none;stroke:var(--axis);stroke-width:.8}
.pf .value{font-size:11.5px;font-variant-numeric:tabular-nums}
.pf .dot{stroke:var(--paper);stroke-width:1}
.pf .contour{fill:none;stroke:var(--density);stroke-width:.9}
.pf .stipple{stroke:var(--ink);stroke-linecap:round;fill:none}
.pf .cell{fill:var(--density);fill-opacity:.13}
.pf .reference{fill:var(--muted)}
.pf .b0{fill:var(--s0)}.pf .b1{fill:var(--s1)}.pf .b2{fill:var(--s2)}.pf .b3{fill:var(--s3)}
.pf .b4{fill:var(--s4)}.pf .b5{fill:var(--s5)}.pf .b6{fill:var(--s6)}.pf .b7{fill:var(--s7)}
.pf .l0{stroke:var(--s0)}.pf .l1{stroke:var(--s1)}.pf .l2{stroke:var(--s2)}.pf .l3{stroke:var(--s3)}
.pf .l4{stroke:var(--s4)}.pf .l5{stroke:var(--s5)}.pf .l6{stroke:var(--s6)}.pf .l7{stroke:var(--s7)}
)css";
}

}  // namespace pushforward::runner
