/// Polynomial coefficients of the vector functions in simd.hpp, lowest degree first.
#pragma once

namespace pushforward::simd {
inline namespace PUSHFORWARD_ISA {
namespace {

/// 2^f for f in [-1/2, 1/2]: minimax in the relative error, fitted by reweighted least squares in
/// a Chebyshev basis. Degree 5: 7.5e-8, degree 11: 1.3e-15, which is rounding.
template <class T>
constexpr T exp2_centred[] = {};
template <>
constexpr float exp2_centred<float>[] = {1.0000000716546718F,    0.6931469670644127F,
                                         0.24022119723877056F,   0.055507132740681288F,
                                         0.0096755413329581361F, 0.0013276471808130498F};
template <>
constexpr double exp2_centred<double>[] = {
    1.0000000000000007,     0.69314718055994562,   0.24022650695902664,    0.055504108664717285,
    0.0096181291095559125,  0.0013333558197412172, 0.00015403528612179562, 1.5252671541338028e-05,
    1.3216157766711572e-06, 1.020696441925346e-07, 6.9730270904883024e-09, -1.360618028774952e-11};

/// The same for f in [0, 1).
template <class T>
constexpr T exp2_above[] = {};
template <>
constexpr float exp2_above<float>[] = {0.99999992506356616F,   0.69315307319792407F,
                                       0.24015361706368182F,   0.055826317996184358F,
                                       0.0089893401585603334F, 0.0018775766470592523F};
template <>
constexpr double exp2_above<double>[] = {
    0.99999999999999978,    0.69314718055994229,    0.24022650695840841,    0.055504108684498621,
    0.0096181289013843596,  0.0013333569433360282,  0.00015403164969995942, 1.5260120449056558e-05,
    1.3120952644385397e-06, 1.0927033144980669e-07, 3.6525307223200798e-09, 1.1641532182693481e-09};

/// (log(1 + f) - f + f^2/2) / f^3 on [sqrt(1/2) - 1, sqrt(2) - 1]. Source: \cite moshier1989.
constexpr float log_single[] = {3.3333331174e-1F,  -2.4999993993e-1F, 2.0000714765e-1F,
                                -1.6668057665e-1F, 1.4249322787e-1F,  -1.2420140846e-1F,
                                1.1676998740e-1F,  -1.1514610310e-1F, 7.0376836292e-2F};

/// (2 atanh(s) - 2 s) / s^3 in powers of s^2, for f = 2 s / (1 - s) in the same interval.
/// Source: \cite fdlibm1993.
constexpr double log_double[] = {6.666666666666735130e-01, 3.999999999940941908e-01,
                                 2.857142874366239149e-01, 2.222219843214978396e-01,
                                 1.818357216161805012e-01, 1.531383769920937332e-01,
                                 1.479819860511658591e-01};

/// (sin x - x) / x^3 and (cos x - 1 + x^2/2) / x^4 in powers of x^2, for |x| <= pi/4.
/// Source: \cite moshier1989 (float), \cite fdlibm1993 (double).
template <class T>
constexpr T sine_tail[] = {};
template <>
constexpr float sine_tail<float>[] = {-1.6666654611e-1F, 8.3321608736e-3F, -1.9515295891e-4F};
template <>
constexpr double sine_tail<double>[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,
                                        -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                                        -2.50507602534068634195e-08, 1.58969099521155010221e-10};
template <class T>
constexpr T cosine_tail[] = {};
template <>
constexpr float cosine_tail<float>[] = {4.166664568298827e-2F, -1.388731625493765e-3F,
                                        2.443315711809948e-5F};
template <>
constexpr double cosine_tail<double>[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                                          2.48015872894767294178e-05, -2.75573143513906633035e-07,
                                          2.08757232129817482790e-09, -1.13596475577881948265e-11};

}  // namespace
}  // namespace PUSHFORWARD_ISA
}  // namespace pushforward::simd
